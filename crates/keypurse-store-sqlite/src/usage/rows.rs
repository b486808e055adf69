//! Sums on their way into their tables.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::days::{Days, Slot, month};
use super::shelf::shelf_of;
use super::sums::{ByKind, Packed, Sums};
use super::tables::{DAYS, HOURS, MONTHS};
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
            add_fresh(connection, key, sums)?;
        }
        Ok(first)
    }
}

/// Who made a call, where rows of sums have a token.
pub(super) fn token_code(call: &CallRow) -> i64 {
    call.token.map_or(ACCOUNT_KEY, |token| token.0)
}

const FIND_FRESH: &str = "SELECT sums FROM usage_fresh
     WHERE hour = ? AND day = ? AND account_id = ? AND token_id = ?";
const WRITE_FRESH: &str = "INSERT OR REPLACE INTO usage_fresh
     (hour, day, account_id, token_id, sums) VALUES (?, ?, ?, ?, ?)";

/// Adds sums to the fresh row of a key, or makes it.
fn add_fresh(connection: &Connection, key: FreshKey, mut sums: ByKind) -> rusqlite::Result<()> {
    let FreshKey {
        slot: Slot { hour, day },
        account,
        token,
    } = key;
    let mut find = connection.prepare_cached(FIND_FRESH)?;
    let mut known = find.query(params![hour, day, account, token])?;
    if let Some(known) = known.next()? {
        sums.add_packed(Packed::of_one(known.get_ref(0)?.as_blob()?)?)?;
    }
    drop(known);
    connection.prepare_cached(WRITE_FRESH)?.execute(params![
        hour,
        day,
        account,
        token,
        sums.pack_as_one()
    ])?;
    Ok(())
}

/// Adds sums of hours, in the order of their keys, to those of their days and
/// months, and to those of hours unless they are too old for these.
pub(super) fn add_for_good(
    connection: &Connection,
    rows: impl IntoIterator<Item = (FreshKey, ByKind)>,
    hours_from: i32,
) -> rusqlite::Result<()> {
    let mut rows = rows.into_iter().peekable();
    while let Some((key, sums)) = rows.next() {
        let FreshKey {
            slot: Slot { hour, day },
            account,
            ..
        } = key;
        let shelf = shelf_of(key.token);
        let mut more = BTreeMap::from([(key.token, sums)]);
        let is_beside = |next: &(FreshKey, ByKind)| {
            (next.0.slot, next.0.account, shelf_of(next.0.token)) == (key.slot, account, shelf)
        };
        while let Some((key, sums)) = rows.next_if(is_beside) {
            more.insert(key.token, sums);
        }
        if day >= hours_from {
            HOURS.add(connection, params![account, day, hour], shelf, &more)?;
        }
        DAYS.add(connection, params![account, day], shelf, &more)?;
        MONTHS.add(connection, params![account, month(day)], shelf, &more)?;
    }
    Ok(())
}
