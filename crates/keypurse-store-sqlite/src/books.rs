//! Purses, entries and open calls as the file has them, for checks that run
//! beside the server or after it.

use std::path::Path;

use keypurse_core::id::{AccountId, CallId, TokenId};
use keypurse_core::ledger::PurseId;
use keypurse_core::money::Money;

use crate::open::open_reader;
use crate::recover;

/// A purse: an account's when `token` is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookedPurse {
    /// The token's name; a deleted token keeps it.
    pub token: Option<String>,
    /// Credits minus charges.
    pub balance: Money,
    /// Whether the token was deleted.
    pub is_deleted: bool,
}

/// A credit, an adjustment, a reset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookedEntry {
    /// Ascending in the order they were written.
    pub id: i64,
    /// The token whose purse changed; `None`: the account's.
    pub token: Option<String>,
    /// By how much.
    pub amount: Money,
    /// To what.
    pub balance_after: Money,
}

/// All purses, the account's first.
pub fn purses(path: &Path) -> rusqlite::Result<Vec<BookedPurse>> {
    let connection = open_reader(path)?;
    connection.execute_batch("BEGIN")?;
    let left = recover::replay(&connection)?;
    let after = recover::balances_after(left.finished.iter().map(|(_, call)| call));
    let mut statement = connection.prepare(
        "SELECT NULL, balance, 0, id FROM account
         UNION ALL SELECT name, balance, deleted_at IS NOT NULL, id FROM token",
    )?;
    let purses = statement.query_map([], |row| {
        let token: Option<String> = row.get(0)?;
        let purse = match token {
            Some(_) => PurseId::Token(TokenId(row.get(3)?)),
            None => PurseId::Account(AccountId(row.get(3)?)),
        };
        let written = row.get(1).map(Money::from_nanos)?;
        Ok(BookedPurse {
            token,
            balance: after.get(&purse).copied().unwrap_or(written),
            is_deleted: row.get(2)?,
        })
    })?;
    purses.collect()
}

/// All entries, oldest first.
pub fn entries(path: &Path) -> rusqlite::Result<Vec<BookedEntry>> {
    let connection = open_reader(path)?;
    let mut statement = connection.prepare(
        "SELECT e.id, t.name, e.amount, e.balance_after
         FROM entry e LEFT JOIN token t ON t.id = e.token_id ORDER BY e.id",
    )?;
    let entries = statement.query_map([], |row| {
        Ok(BookedEntry {
            id: row.get(0)?,
            token: row.get(1)?,
            amount: row.get(2).map(Money::from_nanos)?,
            balance_after: row.get(3).map(Money::from_nanos)?,
        })
    })?;
    entries.collect()
}

/// Calls whose hold nobody has resolved yet, oldest first.
pub fn open_calls(path: &Path) -> rusqlite::Result<Vec<CallId>> {
    let connection = open_reader(path)?;
    let left = recover::replay(&connection)?;
    let mut open: Vec<CallId> = left.holds.into_keys().collect();
    open.sort_unstable();
    Ok(open)
}
