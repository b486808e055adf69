//! Forgets old calls. A checkpoint entry takes the place of neighbouring
//! charges, so a statement stays continuous and every sum what it was.

use keypurse_core::id::{AccountId, TokenId};
use keypurse_core::ledger::{Entry, EntryKind, PurseId};
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::state::Writer;
use crate::call_row::{COLUMNS, CallRow};
use crate::rows;

/// Calls forgotten at once: a millisecond or two of work, for nobody waits
/// long behind it.
const AT_ONCE: i64 = 256;
/// Rows that are looked through for calls of the account's own key, which has
/// no index.
const LOOKED_THROUGH: i64 = 2048;

/// Charges that stood next to each other, with nothing else between them.
struct Run {
    first_line: i64,
    last: CallRow,
    charged: Money,
}

impl Writer {
    /// Forgets some calls of whomever has the oldest.
    pub(super) fn forget_calls(&mut self, before: Timestamp) -> rusqlite::Result<usize> {
        self.materialise()?;
        let sql = format!("SELECT {COLUMNS} FROM call ORDER BY id LIMIT 1");
        let oldest = self.connection.prepare_cached(&sql)?;
        let oldest = { oldest }.query_row([], CallRow::read).optional()?;
        let Some(oldest) = oldest.filter(|call| call.finished_at < before) else {
            return Ok(0);
        };
        let mut calls = self.oldest_calls(oldest.account, oldest.token)?;
        let old = calls.iter().take_while(|call| call.finished_at < before);
        calls.truncate(old.count());
        let Some(last) = calls.last() else {
            return Ok(0);
        };
        let charged = calls
            .iter()
            .fold(Money::ZERO, |sum, call| sum + call.charged_to_account());
        let account = checkpoint(PurseId::Account(last.account), last, charged);
        // Nothing reads an account's lines one after the other: one will do.
        self.enter_checkpoint((last.account, None), (i64::MAX, last.line), &account)?;
        for run in self.runs(&calls)? {
            let Some(token) = run.last.token else {
                continue;
            };
            let entry = checkpoint(PurseId::Token(token), &run.last, run.charged);
            let lines = (run.first_line, run.last.line);
            self.enter_checkpoint((run.last.account, Some(token)), lines, &entry)?;
        }
        let mut delete = self
            .connection
            .prepare_cached("DELETE FROM call WHERE id = ?")?;
        // Whose days are proved from calls has to know.
        self.connection
            .prepare_cached(
                "UPDATE usage_progress SET
                     forgotten_before = max(ifnull(forgotten_before, ?1), ?1)",
            )?
            .execute([before.micros()])?;
        for call in &calls {
            delete.execute([call.call.ordered])?;
        }
        Ok(calls.len())
    }

    /// A token's calls by their lines, or those of an account's own key.
    fn oldest_calls(
        &self,
        account: AccountId,
        token: Option<TokenId>,
    ) -> rusqlite::Result<Vec<CallRow>> {
        let Some(token) = token else {
            let sql = format!(
                "SELECT {COLUMNS} FROM (SELECT * FROM call ORDER BY id LIMIT {LOOKED_THROUGH})
                 WHERE token_id IS NULL AND account_id = ? ORDER BY id LIMIT {AT_ONCE}"
            );
            let mut calls = self.connection.prepare_cached(&sql)?;
            return calls.query_map([account.0], CallRow::read)?.collect();
        };
        let sql =
            format!("SELECT {COLUMNS} FROM call WHERE token_id = ? ORDER BY line LIMIT {AT_ONCE}");
        let mut calls = self.connection.prepare_cached(&sql)?;
        calls.query_map([token.0], CallRow::read)?.collect()
    }

    /// Calls between which a token's balance changed by charges alone.
    fn runs(&self, calls: &[CallRow]) -> rusqlite::Result<Vec<Run>> {
        let mut entry_between = self
            .connection
            .prepare_cached("SELECT 1 FROM entry WHERE token_id = ? AND line > ? AND line < ?")?;
        let mut runs: Vec<Run> = Vec::new();
        for call in calls {
            let charged = call.charged_to_token();
            let token = call.token.map(|token| token.0);
            match runs.last_mut() {
                Some(run) if !entry_between.exists(params![token, run.last.line, call.line])? => {
                    run.charged += charged;
                    run.last = *call;
                }
                Some(_) | None => runs.push(Run {
                    first_line: call.line,
                    last: *call,
                    charged,
                }),
            }
        }
        Ok(runs)
    }

    /// Enters a checkpoint at the line of the last charge it stands for, or
    /// moves the one that stands right before.
    fn enter_checkpoint(
        &self,
        (account, token): (AccountId, Option<TokenId>),
        (first_line, line): (i64, i64),
        entry: &Entry,
    ) -> rusqlite::Result<()> {
        let before: Option<(i64, i64)> = self
            .connection
            .prepare_cached(
                "SELECT id, kind FROM entry
                 WHERE account_id = ?1 AND token_id IS ?2 AND line < ?3
                     AND (token_id IS NOT NULL OR kind = ?4)
                 ORDER BY line DESC LIMIT 1",
            )?
            .query_row(
                params![
                    account.0,
                    token.map(|token| token.0),
                    first_line,
                    rows::entry_kind_code(EntryKind::Checkpoint)
                ],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        match before {
            Some((id, kind)) if rows::entry_kind(kind) == Some(EntryKind::Checkpoint) => {
                self.connection
                    .prepare_cached(
                        "UPDATE entry SET amount = amount + ?, balance_after = ?, at = ?, line = ?
                         WHERE id = ?",
                    )?
                    .execute(params![
                        entry.amount.nanos(),
                        entry.balance_after.nanos(),
                        entry.at.micros(),
                        line,
                        id
                    ])?;
                Ok(())
            }
            Some(_) | None => rows::insert_entry(&self.connection, line, (account, token), entry),
        }
    }
}

fn checkpoint(purse: PurseId, last: &CallRow, charged: Money) -> Entry {
    Entry {
        purse,
        kind: EntryKind::Checkpoint,
        amount: Money::ZERO - charged,
        balance_after: match purse {
            PurseId::Account(_) => last.account_after,
            PurseId::Token(_) => last.balance_after,
        },
        note: None,
        at: last.finished_at,
    }
}
