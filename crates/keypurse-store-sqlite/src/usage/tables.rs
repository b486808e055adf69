//! Tables of shelves: how their rows are found, read and written.

use std::collections::BTreeMap;

use keypurse_store::pause_if_due;
use rusqlite::{Connection, Row, ToSql};

use super::shelf::{Shelf, merged};
use super::sums::{ByKind, Packed, unreadable};

/// Sums by one kind of period, and their details in a table of their own.
#[derive(Debug)]
pub(super) struct Shelves {
    one: Reading,
    /// All tokens' but those of everybody together.
    all: Reading,
    /// Every account's, with the period last.
    pub(super) everything: &'static str,
    write: [&'static str; 2],
}

/// Shelves with their sums, and with details or without.
#[derive(Debug)]
struct Reading {
    detailed: &'static str,
    brief: &'static str,
}

impl Reading {
    const fn sql(&self, with_details: bool) -> &'static str {
        if with_details {
            self.detailed
        } else {
            self.brief
        }
    }
}

/// `$keys` are the columns before `shelf`; `$is` says which they are.
macro_rules! shelves {
    ($table:literal, $period:literal, $keys:literal, $is:literal, $values:literal) => {
        Shelves {
            one: Reading {
                detailed: concat!(
                    "SELECT shelf, ",
                    $table,
                    ".sums, detail.sums FROM ",
                    $table,
                    " LEFT JOIN ",
                    $table,
                    "_detail AS detail USING (",
                    $keys,
                    ", shelf) WHERE ",
                    $is,
                    " AND shelf = ?"
                ),
                brief: concat!(
                    "SELECT shelf, sums, NULL FROM ",
                    $table,
                    " WHERE ",
                    $is,
                    " AND shelf = ?"
                ),
            },
            all: Reading {
                detailed: concat!(
                    "SELECT shelf, ",
                    $table,
                    ".sums, detail.sums FROM ",
                    $table,
                    " LEFT JOIN ",
                    $table,
                    "_detail AS detail USING (",
                    $keys,
                    ", shelf) WHERE ",
                    $is,
                    " AND shelf >= 0"
                ),
                brief: concat!(
                    "SELECT shelf, sums, NULL FROM ",
                    $table,
                    " WHERE ",
                    $is,
                    " AND shelf >= 0"
                ),
            },
            everything: concat!(
                "SELECT shelf, ",
                $table,
                ".sums, detail.sums, account_id, ",
                $period,
                " FROM ",
                $table,
                " LEFT JOIN ",
                $table,
                "_detail AS detail USING (",
                $keys,
                ", shelf)"
            ),
            write: [
                concat!(
                    "INSERT INTO ",
                    $table,
                    " (",
                    $keys,
                    ", shelf, sums) VALUES (",
                    $values,
                    ") ON CONFLICT DO UPDATE SET sums = excluded.sums"
                ),
                concat!(
                    "INSERT INTO ",
                    $table,
                    "_detail (",
                    $keys,
                    ", shelf, sums) VALUES (",
                    $values,
                    ") ON CONFLICT DO UPDATE SET sums = excluded.sums"
                ),
            ],
        }
    };
}

pub(super) const HOURS: Shelves = shelves!(
    "usage_hour",
    "day",
    "account_id, day, hour",
    "account_id = ? AND day = ? AND hour = ?",
    "?, ?, ?, ?, ?"
);

pub(super) const DAYS: Shelves = shelves!(
    "usage_day",
    "day",
    "account_id, day",
    "account_id = ? AND day = ?",
    "?, ?, ?, ?"
);

pub(super) const MONTHS: Shelves = shelves!(
    "usage_month",
    "month",
    "account_id, month",
    "account_id = ? AND month = ?",
    "?, ?, ?, ?"
);

/// Which columns tell where a row is: account and period.
pub(super) type Key<'a> = [&'a dyn ToSql];

/// A key and what follows it.
pub(super) fn beside<'a>(key: &Key<'a>, next: &'a dyn ToSql) -> Vec<&'a dyn ToSql> {
    let mut all = key.to_vec();
    all.push(next);
    all
}

impl Shelves {
    /// Adds what tokens of one shelf used to its row, or makes it.
    pub(super) fn add(
        &self,
        connection: &Connection,
        key: &Key<'_>,
        shelf: i64,
        more: &BTreeMap<i64, ByKind>,
    ) -> rusqlite::Result<()> {
        let mut values = beside(key, &shelf);
        let (briefs, rests) = {
            let mut find = connection.prepare_cached(self.one.sql(true))?;
            let mut rows = find.query(&*values)?;
            let known = rows.next()?.map(|row| read_shelf(row, true)).transpose()?;
            merged(known, more)?
        };
        for (sql, part) in self.write.iter().zip([&briefs, &rests]) {
            values.push(part);
            connection.prepare_cached(sql)?.execute(&*values)?;
            values.pop();
        }
        Ok(())
    }

    /// Shows one shelf to `see`, if there is something on it.
    pub(super) fn read_one(
        &self,
        connection: &Connection,
        key: &Key<'_>,
        (shelf, with_details): (i64, bool),
        see: impl FnOnce(Shelf<'_>) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        let mut one = connection.prepare_cached(self.one.sql(with_details))?;
        let mut rows = one.query(&*beside(key, &shelf))?;
        rows.next()?
            .map_or(Ok(()), |row| see(read_shelf(row, with_details)?))
    }

    /// Shows the shelves of all tokens to `see`, in order.
    pub(super) fn read_all(
        &self,
        connection: &Connection,
        key: &Key<'_>,
        with_details: bool,
        mut see: impl FnMut(Shelf<'_>) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        let mut all = connection.prepare_cached(self.all.sql(with_details))?;
        let mut rows = all.query(key)?;
        while let Some(row) = rows.next()? {
            see(read_shelf(row, with_details)?)?;
            pause_if_due();
        }
        Ok(())
    }
}

/// The first columns of a row: shelf, sums, details. What has no details where
/// they are asked for is not readable.
pub(super) fn read_shelf<'a>(row: &'a Row<'_>, with_details: bool) -> rusqlite::Result<Shelf<'a>> {
    let rests = row.get_ref(2)?.as_blob_or_null()?;
    if rests.is_some() != with_details {
        return Err(unreadable());
    }
    let briefs = row.get_ref(1)?.as_blob()?;
    let packed = Packed { briefs, rests };
    Ok(Shelf {
        shelf: row.get(0)?,
        packed,
    })
}
