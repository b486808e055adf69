//! Sums on their way into their tables.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, ToSql, params};

use super::days::{Days, Slot, month};
use super::sums::{ByKind, Sums};
use crate::call_row::CallRow;

/// The account's own key, where rows of sums have a token.
pub(super) const ACCOUNT_KEY: i64 = 0;
/// Everybody in the account together.
pub(super) const EVERYBODY: i64 = -1;

/// What a row of fresh sums is of, in the order of its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FreshKey {
    pub(super) slot: Slot,
    pub(super) account: i64,
    pub(super) token: i64,
}

/// Calls summed in memory, to be written with their rows.
#[derive(Debug, Default)]
pub(crate) struct Gathered(BTreeMap<FreshKey, ByKind>);

impl Gathered {
    pub(crate) fn add(&mut self, call: &CallRow, days: &mut Days) {
        let Some((kind, sums)) = Sums::of(call) else {
            return;
        };
        let slot = days.slot(call.finished_at);
        for token in [token_code(call), EVERYBODY] {
            let key = FreshKey {
                slot,
                account: call.account.0,
                token,
            };
            self.0.entry(key).or_default().add(kind, &sums);
        }
    }

    #[cfg(feature = "generate")]
    pub(super) fn put(&mut self, key: FreshKey, sums: ByKind) {
        self.0.insert(key, sums);
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn take(&mut self) -> impl Iterator<Item = (FreshKey, ByKind)> + use<> {
        std::mem::take(&mut self.0).into_iter()
    }

    /// Adds everything to what is fresh. Returns the first hour it is of.
    pub(crate) fn write(mut self, connection: &Connection) -> rusqlite::Result<Option<i64>> {
        let first = self.0.first_key_value().map(|(key, _)| key.slot.hour);
        for (key, sums) in self.take() {
            let FreshKey {
                slot,
                account,
                token,
            } = key;
            FRESH.add(
                connection,
                params![slot.hour, slot.day, account, token],
                sums,
            )?;
        }
        Ok(first)
    }
}

/// Who made a call, where rows of sums have a token.
pub(super) fn token_code(call: &CallRow) -> i64 {
    call.token.map_or(ACCOUNT_KEY, |token| token.0)
}

/// A table of sums: how a row is found by its key, and written.
struct Table {
    find: &'static str,
    write: &'static str,
}

const FRESH: Table = Table {
    find: "SELECT sums FROM usage_fresh
           WHERE hour = ? AND day = ? AND account_id = ? AND token_id = ?",
    write: "INSERT OR REPLACE INTO usage_fresh (hour, day, account_id, token_id, sums)
            VALUES (?, ?, ?, ?, ?)",
};

const HOURS: Table = Table {
    find: "SELECT sums FROM usage_hour
           WHERE account_id = ? AND day = ? AND hour = ? AND token_id = ?",
    write: "INSERT OR REPLACE INTO usage_hour (account_id, day, hour, token_id, sums)
            VALUES (?, ?, ?, ?, ?)",
};

const DAYS: Table = Table {
    find: "SELECT sums FROM usage_day WHERE account_id = ? AND day = ? AND token_id = ?",
    write: "INSERT OR REPLACE INTO usage_day (account_id, day, token_id, sums)
            VALUES (?, ?, ?, ?)",
};

const MONTHS: Table = Table {
    find: "SELECT sums FROM usage_month WHERE account_id = ? AND month = ? AND token_id = ?",
    write: "INSERT OR REPLACE INTO usage_month (account_id, month, token_id, sums)
            VALUES (?, ?, ?, ?)",
};

impl Table {
    /// Adds sums to the row of a key, or makes it.
    fn add(
        &self,
        connection: &Connection,
        key: &[&dyn ToSql],
        mut sums: ByKind,
    ) -> rusqlite::Result<()> {
        let known: Option<Vec<u8>> = connection
            .prepare_cached(self.find)?
            .query_row(key, |row| row.get(0))
            .optional()?;
        if let Some(known) = known {
            sums.add_packed(&known)?;
        }
        let packed = sums.pack();
        let values: Vec<&dyn ToSql> = key.iter().copied().chain([&packed as _]).collect();
        connection.prepare_cached(self.write)?.execute(&*values)?;
        Ok(())
    }
}

/// Adds sums of an hour to those of its day and month, and to those of hours
/// unless it is too old for these.
pub(super) fn add_for_good(
    connection: &Connection,
    key: FreshKey,
    sums: ByKind,
    hours_from: i32,
) -> rusqlite::Result<()> {
    let FreshKey {
        slot: Slot { hour, day },
        account,
        token,
    } = key;
    if day >= hours_from {
        HOURS.add(connection, params![account, day, hour, token], sums.clone())?;
    }
    DAYS.add(connection, params![account, day, token], sums.clone())?;
    MONTHS.add(connection, params![account, month(day), token], sums)
}
