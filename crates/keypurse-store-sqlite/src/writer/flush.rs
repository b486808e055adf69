//! Everything a batch changed, written before its commit.

use keypurse_core::id::CallId;
use keypurse_core::ledger::{Changes, Entry, EntryKind, PurseId};
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;
use keypurse_store::failpoint;
use rusqlite::params;

use super::batch::Batch;
use super::log::IDLE_TOKENS;
use super::state::{JournalTail, Writer};
use crate::call_row::CallRow;
use crate::journal;
use crate::recover;
use crate::rows;
use crate::usage::Gathered;

/// Journal rows deleted at once at least; a delete per batch would cost more
/// than the rows do.
const TRIM_ROWS: i64 = 64;
/// A hold this many rows old is written again, so that it pins nothing.
const CARRY_AFTER_ROWS: i64 = 2048;

/// Once so many finished calls have no row, some get theirs. Where a crash may
/// be asked for, a short life sees that too.
const MATERIALISE_FROM: usize = if failpoint::ARE_THERE { 32 } else { 256 };
/// How many get theirs at least: the more, the fewer pages are written for
/// each, and the longer everybody waits. It is a fifth of a millisecond.
const MATERIALISE_ROWS: usize = MATERIALISE_FROM / 8;

impl Writer {
    pub(super) fn flush(&mut self, batch: &mut Batch, now: Timestamp) -> rusqlite::Result<()> {
        self.number_entries(batch);
        self.write_entries(batch)?;
        self.carry_forward(batch);
        self.write_journal(batch)?;
        if self.space.is_short() {
            // What can wait does.
        } else if self.journal.tail.len() >= MATERIALISE_FROM {
            self.materialise_but(self.calls_without_row())?;
        } else {
            self.folding.go_on(&self.connection, now)?;
        }
        self.trim_journal()
    }

    /// The next place in the order of all changes of balances.
    pub(super) fn next_line(&mut self) -> i64 {
        self.journal.last_line += 1;
        self.journal.last_line
    }

    /// Gives what the ledger entered since the last time its places, before a
    /// charge takes the next one.
    pub(super) fn number_entries(&mut self, batch: &mut Batch) {
        for entry in self.ledger.take_entries() {
            let line = self.next_line();
            batch.entries.push((line, entry));
        }
    }

    /// Enters what a new purse starts with.
    pub(super) fn enter_opening(
        &mut self,
        purse: PurseId,
        balance: Money,
        at: Timestamp,
        batch: &mut Batch,
    ) {
        let opening = Entry {
            purse,
            kind: EntryKind::Open,
            amount: balance,
            balance_after: balance,
            note: None,
            at,
        };
        let line = self.next_line();
        batch.entries.push((line, opening));
    }

    /// Writes entries and what they left in their purses. Rows of calls come
    /// first: a purse's row tells of all its lines up to some place, or of none.
    fn write_entries(&mut self, batch: &Batch) -> rusqlite::Result<()> {
        let changes = self.ledger.take_changes();
        if batch.entries.is_empty() && changes.resets.is_empty() {
            return Ok(());
        }
        self.materialise()?;
        self.write_changes(&changes)?;
        for (line, entry) in &batch.entries {
            let (account, token) = match entry.purse {
                PurseId::Account(id) => (id, None),
                PurseId::Token(id) => (self.loaded(id).account, Some(id)),
            };
            rows::insert_entry(&self.connection, *line, (account, token), entry)?;
        }
        self.connection
            .prepare_cached("UPDATE progress SET last_line = ?")?
            .execute([self.journal.last_line])?;
        Ok(())
    }

    /// Writes the rows of all finished calls, their sums, and what they left in
    /// their purses.
    pub(super) fn materialise(&mut self) -> rusqlite::Result<()> {
        self.materialise_but(0)
    }

    /// How many calls are left without a row when some get theirs: none where
    /// there are tokens to be forgotten.
    fn calls_without_row(&self) -> usize {
        if self.ledger.tokens() > IDLE_TOKENS {
            return 0;
        }
        MATERIALISE_FROM - MATERIALISE_ROWS
    }

    /// The same for all but the last so many.
    fn materialise_but(&mut self, kept: usize) -> rusqlite::Result<()> {
        let rows = self.journal.tail.len().saturating_sub(kept);
        let Some(last) = rows.checked_sub(1) else {
            return Ok(());
        };
        let last = self.journal.tail[last].1.line;
        let mut gathered = Gathered::default();
        let mut insertion = CallRow::insertion(&self.connection)?;
        for (_, row) in self.journal.tail.range(..rows) {
            row.insert(&mut insertion)?;
            gathered.add(row, self.folding.days());
        }
        let calls = self.journal.tail.range(..rows).map(|(_, row)| row);
        for (purse, balance) in recover::balances_after(calls) {
            self.write_balance(purse, balance)?;
        }
        self.folding.added(gathered.write(&self.connection)?);
        self.connection
            .prepare_cached(
                "UPDATE progress SET materialised = ?1, last_line = max(last_line, ?1)",
            )?
            .execute([last])?;
        self.journal.tail.drain(..rows);
        Ok(())
    }

    fn write_balance(&self, purse: PurseId, balance: Money) -> rusqlite::Result<()> {
        let (update, id) = match purse {
            PurseId::Account(id) => ("UPDATE account SET balance = ? WHERE id = ?", id.0),
            PurseId::Token(id) => ("UPDATE token SET balance = ? WHERE id = ?", id.0),
        };
        self.connection
            .prepare_cached(update)?
            .execute(params![balance.nanos(), id])?;
        Ok(())
    }

    fn write_changes(&self, changes: &Changes) -> rusqlite::Result<()> {
        for purse in &changes.purses {
            let balance = match *purse {
                PurseId::Account(id) => self.account_balance_of(id),
                PurseId::Token(id) => self.balance_of(id),
            };
            self.write_balance(*purse, balance)?;
        }
        for id in changes.resets.keys() {
            let next_at = self.loaded(*id).reset.map(|reset| reset.next_at.micros());
            self.connection
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
        let oldest = self.journal.open.first_key_value();
        if oldest.is_none_or(|(seq, _)| *seq >= oldest_allowed) {
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
            if hold.floor.is_some() {
                journal::write_floor(&mut batch.records, call, hold, &held.covered);
            }
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

    /// Deletes rows whose calls all have their own rows, in the transaction that
    /// wrote the last of these.
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
    /// Whether a call without a row moved money. A crowd of sandbox calls did
    /// not, and whoever reads a purse beside them need not wait.
    pub(super) fn is_behind(&self) -> bool {
        let mut calls = self.tail.iter();
        calls.any(|(_, call)| call.charged > Money::ZERO)
    }

    /// Rows below are about resolved calls only.
    pub(super) fn oldest_needed(&self) -> i64 {
        let held = self.open.first_key_value().map(|(seq, _)| *seq);
        let finished = self.tail.front().map(|(seq, _)| *seq);
        let oldest = held.into_iter().chain(finished).min();
        oldest.unwrap_or(self.seq)
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
