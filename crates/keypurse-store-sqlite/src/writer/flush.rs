//! Everything a batch changed, written before its commit.

use keypurse_core::id::CallId;
use keypurse_core::ledger::PurseId;
use keypurse_store::failpoint;
use rusqlite::params;

use super::batch::{Batch, JournalTail, Writer};
use crate::journal;
use crate::rows;

/// Journal rows deleted at once at least; a delete per batch would cost more
/// than the rows do.
const TRIM_ROWS: i64 = 64;
/// A hold this many rows old is written again, so that it pins nothing.
const CARRY_AFTER_ROWS: i64 = 2048;

impl Writer {
    pub(super) fn flush(&mut self, batch: &mut Batch) -> rusqlite::Result<()> {
        self.write_changes()?;
        self.carry_forward(batch);
        self.write_journal(batch)?;
        self.trim_journal()
    }

    fn write_changes(&mut self) -> rusqlite::Result<()> {
        let changes = self.ledger.take_changes();
        let connection = &self.connection;
        for entry in &changes.entries {
            let (account, token) = match entry.purse {
                PurseId::Account(id) => (id, None),
                PurseId::Token(id) => (self.loaded(id).account, Some(id.0)),
            };
            connection
                .prepare_cached(
                    "INSERT INTO entry (account_id, token_id, kind, amount, balance_after, at)
                     VALUES (?, ?, ?, ?, ?, ?)",
                )?
                .execute(params![
                    account.0,
                    token,
                    rows::entry_kind_code(entry.kind),
                    entry.amount.nanos(),
                    entry.balance_after.nanos(),
                    entry.at.micros()
                ])?;
        }
        for purse in &changes.purses {
            let (update, id, balance) = match *purse {
                PurseId::Account(id) => {
                    let account = self.ledger.account(id).expect("changed, so loaded");
                    (
                        "UPDATE account SET balance = ? WHERE id = ?",
                        id.0,
                        account.purse.balance,
                    )
                }
                PurseId::Token(id) => {
                    let token = self.loaded(id);
                    (
                        "UPDATE token SET balance = ? WHERE id = ?",
                        id.0,
                        token.purse.balance,
                    )
                }
            };
            connection
                .prepare_cached(update)?
                .execute(params![balance.nanos(), id])?;
        }
        for id in changes.resets.keys() {
            let next_at = self.loaded(*id).reset.map(|reset| reset.next_at.micros());
            connection
                .prepare_cached("UPDATE token SET reset_next_at = ? WHERE id = ?")?
                .execute(params![next_at, id.0])?;
        }
        Ok(())
    }

    fn loaded(&self, id: keypurse_core::id::TokenId) -> &keypurse_core::ledger::TokenState {
        self.ledger.token(id).expect("changed, so loaded")
    }

    /// Writes long-lived holds again, floors included, into this batch's row.
    fn carry_forward(&mut self, batch: &mut Batch) {
        let oldest_allowed = self.journal.seq - CARRY_AFTER_ROWS;
        if self.journal.oldest_needed() >= oldest_allowed {
            return;
        }
        let old: Vec<CallId> = self
            .held
            .iter()
            .filter(|(_, held)| held.seq < oldest_allowed + CARRY_AFTER_ROWS / 2)
            .map(|(call, _)| *call)
            .collect();
        failpoint::reach("writer.carry-forward");
        for call in old {
            let hold = self
                .ledger
                .open_hold(call)
                .expect("every held call has its hold");
            let held = self.held.get_mut(&call).expect("just listed");
            journal::write_hold(&mut batch.records, call, hold, &held.call);
            self.journal.release(held.seq);
            held.seq = self.journal.seq;
            *self.journal.open.entry(held.seq).or_default() += 1;
        }
    }

    fn write_journal(&mut self, batch: &Batch) -> rusqlite::Result<()> {
        if batch.records.is_empty() {
            return Ok(());
        }
        self.connection
            .prepare_cached("INSERT INTO journal (seq, records) VALUES (?, ?)")?
            .execute(params![self.journal.seq, batch.records])?;
        self.journal.seq += 1;
        Ok(())
    }

    /// Deletes rows whose holds all have their call's row, in the transaction
    /// that wrote the last of these.
    fn trim_journal(&mut self) -> rusqlite::Result<()> {
        let needed = self.journal.oldest_needed();
        if needed - self.journal.trimmed_below < TRIM_ROWS {
            return Ok(());
        }
        failpoint::reach("writer.journal-trim");
        self.connection
            .prepare_cached("DELETE FROM journal WHERE seq < ?")?
            .execute([needed])?;
        self.journal.trimmed_below = needed;
        Ok(())
    }
}

impl JournalTail {
    /// Rows below are about resolved calls only.
    pub(super) fn oldest_needed(&self) -> i64 {
        self.open
            .first_key_value()
            .map_or(self.seq, |(seq, _)| *seq)
    }

    pub(super) fn release(&mut self, seq: i64) {
        let open = self
            .open
            .get_mut(&seq)
            .expect("a held call's row is counted");
        *open -= 1;
        if *open == 0 {
            self.open.remove(&seq);
        }
    }
}
