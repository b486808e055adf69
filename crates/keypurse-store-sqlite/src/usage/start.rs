//! Which zone's days sums are in, and the sums of calls that were there first.

use jiff::fmt::temporal::{DateTimeParser, DateTimePrinter};
use jiff::tz::TimeZone;
use keypurse_core::time::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::days::Days;
use super::fold::{HOURS_KEPT, note_hours_from};
use super::rows::{Gathered, add_for_good};
use crate::call_row::{COLUMNS, CallRow};

/// Sums that are kept in memory at once while many calls are summed.
const GATHERED: usize = 50_000;

/// Sums calls that have no sums yet, and notes whose days follow. Returns the
/// zone: the one that is asked for, or where that is unknown (a command line
/// does not ask for one) the last one.
pub(crate) fn begin(
    connection: &mut Connection,
    asked: &TimeZone,
    now: Timestamp,
) -> rusqlite::Result<TimeZone> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let last = last_zone(&transaction)?;
    let zone = match &last {
        Some(last) if asked.is_unknown() => last.clone(),
        Some(_) | None => asked.clone(),
    };
    match last {
        Some(last) if last == zone => {}
        // Nobody chose those days, and the calls are there to be summed anew.
        Some(last) if last.is_unknown() && nothing_is_forgotten(&transaction)? => {
            forget_sums(&transaction)?;
            sum_all(&transaction, &zone, now)?;
        }
        Some(_) => note(&transaction, &zone, "SELECT materialised FROM progress")?,
        None => sum_all(&transaction, &zone, now)?,
    }
    transaction.commit()?;
    Ok(zone)
}

fn last_zone(connection: &Connection) -> rusqlite::Result<Option<TimeZone>> {
    let name: Option<String> = connection
        .query_row(
            "SELECT zone FROM usage_zone ORDER BY from_line DESC LIMIT 1",
            [],
            |row| row.get(0),
        )
        .optional()?;
    name.map(|name| parse(&name)).transpose()
}

/// Reads what [`note`] wrote.
pub(super) fn parse(zone: &str) -> rusqlite::Result<TimeZone> {
    DateTimeParser::new()
        .parse_time_zone(zone)
        .map_err(|why| rusqlite::Error::FromSqlConversionFailure(1, Type::Text, why.into()))
}

/// From a line on calls are summed in the days of a zone.
fn note(connection: &Connection, zone: &TimeZone, line: &str) -> rusqlite::Result<()> {
    let name = DateTimePrinter::new().time_zone_to_string(zone);
    let name = name.map_err(|why| rusqlite::Error::ToSqlConversionFailure(why.into()))?;
    let sql = format!("INSERT OR REPLACE INTO usage_zone (from_line, zone) VALUES (({line}), ?)");
    connection.execute(&sql, [name])?;
    Ok(())
}

fn nothing_is_forgotten(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row(
        "SELECT forgotten_before IS NULL FROM usage_progress",
        [],
        |row| row.get(0),
    )
}

fn forget_sums(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "DELETE FROM usage_fresh; DELETE FROM usage_hour; DELETE FROM usage_day;
         DELETE FROM usage_month; DELETE FROM usage_hour_detail;
         DELETE FROM usage_day_detail; DELETE FROM usage_month_detail;
         DELETE FROM usage_zone; DELETE FROM usage_before;",
    )
}

/// Sums every call that has a row.
fn sum_all(connection: &Connection, zone: &TimeZone, now: Timestamp) -> rusqlite::Result<()> {
    // Lines begin at 1.
    note(connection, zone, "SELECT 0")?;
    connection.execute(
        "INSERT INTO usage_before (account_id, charged)
         SELECT account_id, -sum(amount) FROM entry
         WHERE token_id IS NULL AND kind = 5 GROUP BY account_id",
        [],
    )?;
    let mut days = Days::of(zone.clone());
    let hours_from = days.slot(now).day - HOURS_KEPT;
    note_hours_from(connection, hours_from)?;
    let mut gathered = Gathered::default();
    let mut calls = connection.prepare(&format!("SELECT {COLUMNS} FROM call ORDER BY id"))?;
    let mut calls = calls.query([])?;
    while let Some(call) = calls.next()? {
        gathered.add(&CallRow::read(call)?, &mut days);
        if gathered.len() >= GATHERED {
            add_for_good(connection, gathered.take(), hours_from)?;
        }
    }
    add_for_good(connection, gathered.take(), hours_from)
}
