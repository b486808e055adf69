//! Sums of an hour that is over move on, a few at a time.

use jiff::tz::TimeZone;
use keypurse_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::days::{Days, Slot};
use super::rows::{FreshKey, add_for_good};
use super::sums::{ByKind, Packed};

/// Rows that move on at once, a few shelves: less than a millisecond of work.
const AT_ONCE: i64 = 64;
/// Shelves of old hours that are deleted at once; they are next to each other.
const DELETED_AT_ONCE: i64 = 64;
/// How long hours are kept, in days.
pub(super) const HOURS_KEPT: i32 = 62;
const HOUR_MINUTES: i64 = 60;
const MICROS_IN_MINUTE: i64 = 60_000_000;

/// What is left to do. Forgotten whenever a batch is undone.
#[derive(Debug)]
pub(crate) struct Folding {
    days: Days,
    /// The first hour there are fresh sums of.
    first_fresh: Option<i64>,
    /// Hours of earlier days are not kept, as it is noted on disk.
    hours_from: Option<i32>,
    /// Whether there may be such hours yet.
    has_old_hours: bool,
}

impl Folding {
    pub(crate) const fn of(zone: TimeZone) -> Self {
        Self {
            days: Days::of(zone),
            first_fresh: None,
            hours_from: None,
            has_old_hours: true,
        }
    }

    /// Learns from disk what there is to do.
    pub(crate) fn load(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.first_fresh = first_fresh(connection)?;
        (self.hours_from, self.has_old_hours) = (None, true);
        Ok(())
    }

    pub(crate) fn days(&mut self) -> &mut Days {
        &mut self.days
    }

    /// Sums were added to what is fresh, the first of them of this hour.
    pub(crate) fn added(&mut self, hour: Option<i64>) {
        self.first_fresh = match (self.first_fresh, hour) {
            (Some(known), Some(hour)) => Some(known.min(hour)),
            (known, hour) => known.or(hour),
        };
    }

    /// Does a little of what is to be done by now, if anything is.
    pub(crate) fn go_on(
        &mut self,
        connection: &Connection,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        let hours_from = self.days.slot(now).day - HOURS_KEPT;
        if self.hours_from != Some(hours_from) {
            note_hours_from(connection, hours_from)?;
            self.hours_from = Some(hours_from);
            self.has_old_hours = true;
        }
        let oldest_running = now.micros().div_euclid(MICROS_IN_MINUTE) - HOUR_MINUTES;
        if self.first_fresh.is_some_and(|hour| hour <= oldest_running) {
            move_on(connection, oldest_running, hours_from)?;
            self.first_fresh = first_fresh(connection)?;
        } else if self.has_old_hours {
            self.has_old_hours = delete_hours(connection, hours_from)?;
        }
        Ok(())
    }
}

fn first_fresh(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT min(hour) FROM usage_fresh")?
        .query_row([], |row| row.get(0))
}

/// Moves on some sums of hours up to the one that began at a minute.
fn move_on(connection: &Connection, until: i64, hours_from: i32) -> rusqlite::Result<()> {
    let fresh = connection
        .prepare_cached(
            "SELECT hour, day, account_id, token_id, sums FROM usage_fresh WHERE hour <= ?
             ORDER BY hour, day, account_id, token_id LIMIT ?",
        )?
        .query_map([until, AT_ONCE], |row| {
            let (hour, day) = (row.get(0)?, row.get(1)?);
            let key = FreshKey {
                slot: Slot { hour, day },
                account: row.get(2)?,
                token: row.get(3)?,
            };
            let mut sums = ByKind::default();
            sums.add_packed(Packed::of_one(row.get_ref(4)?.as_blob()?)?)?;
            Ok((key, sums))
        })?
        .collect::<rusqlite::Result<Vec<(FreshKey, ByKind)>>>()?;
    let mut delete = connection.prepare_cached(
        "DELETE FROM usage_fresh
         WHERE hour = ? AND day = ? AND account_id = ? AND token_id = ?",
    )?;
    for (key, _) in &fresh {
        let Slot { hour, day } = key.slot;
        delete.execute(params![hour, day, key.account, key.token])?;
    }
    add_for_good(connection, fresh, hours_from)
}

/// On disk it never goes back: what was not kept once is not there.
pub(super) fn note_hours_from(connection: &Connection, from: i32) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE usage_progress SET hours_from = ?1 WHERE hours_from < ?1")?
        .execute([from])?;
    Ok(())
}

/// Deletes some sums of hours before a day. Whether there may be more.
fn delete_hours(connection: &Connection, from: i32) -> rusqlite::Result<bool> {
    let accounts = connection
        .prepare_cached("SELECT id FROM account")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<i64>>>()?;
    for account in accounts {
        if delete_hours_of(connection, account, from)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn delete_hours_of(connection: &Connection, account: i64, from: i32) -> rusqlite::Result<bool> {
    let oldest: Option<(i32, i64)> = connection
        .prepare_cached(
            "SELECT day, hour FROM usage_hour WHERE account_id = ? AND day < ?
             ORDER BY day, hour LIMIT 1",
        )?
        .query_row(params![account, from], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((day, hour)) = oldest else {
        return Ok(false);
    };
    // Sums and details of the same shelves.
    for table in ["usage_hour_detail", "usage_hour"] {
        let sql = format!(
            "DELETE FROM {table} WHERE account_id = ?1 AND day = ?2 AND hour = ?3
                 AND shelf <= ifnull(
                     (SELECT shelf FROM usage_hour
                      WHERE account_id = ?1 AND day = ?2 AND hour = ?3
                      ORDER BY shelf LIMIT 1 OFFSET ?4),
                     9223372036854775807)"
        );
        connection
            .prepare_cached(&sql)?
            .execute(params![account, day, hour, DELETED_AT_ONCE])?;
    }
    Ok(true)
}
