//! A token's statement: its entries and calls by the order of their lines.

use std::sync::Arc;

use keypurse_core::money::Money;
use keypurse_core::price::Price;
use keypurse_core::time::Timestamp;
use keypurse_store::{CallRecord, Cause, StatementLine, StatementPage};
use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};

use crate::call_row::{COLUMNS, CallRow, feature};
use crate::recover;
use crate::rows;

/// The newest lines before a place, newest first, in one snapshot.
pub(crate) fn statement(
    connection: &Connection,
    page: &StatementPage,
) -> rusqlite::Result<Vec<StatementLine>> {
    let snapshot = connection.unchecked_transaction()?;
    let before = page.before.unwrap_or(i64::MAX);
    let mut lines = entries(&snapshot, page, before)?;
    let mut calls = written_calls(&snapshot, page, before)?;
    let unwritten = recover::replay(&snapshot)?.finished;
    let unwritten = unwritten.into_iter().map(|(_, row)| row);
    calls.extend(unwritten.filter(|row| row.token == Some(page.token) && row.line < before));
    // Prices and models are read for those that are shown only.
    calls.sort_unstable_by_key(|row| std::cmp::Reverse(row.line));
    calls.truncate(page.limit);
    for call in &calls {
        lines.push(call_line(&snapshot, call)?);
    }
    lines.sort_unstable_by_key(|line| std::cmp::Reverse(line.line));
    lines.truncate(page.limit);
    Ok(lines)
}

fn entries(
    connection: &Connection,
    page: &StatementPage,
    before: i64,
) -> rusqlite::Result<Vec<StatementLine>> {
    connection
        .prepare_cached(
            "SELECT line, at, amount, balance_after, kind, note FROM entry
             WHERE token_id = ? AND line < ? ORDER BY line DESC LIMIT ?",
        )?
        .query_map(params![page.token.0, before, limit(page)], entry_line)?
        .collect()
}

fn entry_line(row: &Row<'_>) -> rusqlite::Result<StatementLine> {
    let kind = rows::entry_kind(row.get(4)?);
    let kind = kind.ok_or_else(|| unreadable("the kind of an entry is not known"))?;
    Ok(StatementLine {
        line: row.get(0)?,
        at: Timestamp::from_micros(row.get(1)?),
        amount: Money::from_nanos(row.get(2)?),
        balance_after: Money::from_nanos(row.get(3)?),
        cause: Cause::Entry {
            kind,
            note: row.get(5)?,
        },
    })
}

fn written_calls(
    connection: &Connection,
    page: &StatementPage,
    before: i64,
) -> rusqlite::Result<Vec<CallRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM call WHERE token_id = ? AND line < ? ORDER BY line DESC LIMIT ?"
    );
    connection
        .prepare_cached(&sql)?
        .query_map(params![page.token.0, before, limit(page)], CallRow::read)?
        .collect()
}

fn call_line(connection: &Connection, row: &CallRow) -> rusqlite::Result<StatementLine> {
    Ok(StatementLine {
        line: row.line,
        at: row.finished_at,
        amount: Money::ZERO - row.charged_to_token(),
        balance_after: row.balance_after,
        cause: Cause::Call(Box::new(record(connection, row)?)),
    })
}

/// What a call was, with the names of its model and its price.
pub(crate) fn record(connection: &Connection, row: &CallRow) -> rusqlite::Result<CallRecord> {
    let (provider, model) = connection
        .prepare_cached("SELECT provider, name FROM model WHERE id = ?")?
        .query_row([row.held_call.model_id], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let rates: String = connection
        .prepare_cached("SELECT rates FROM price WHERE id = ?")?
        .query_row([row.held_call.price_id], |row| row.get(0))?;
    let price = Price::from_text(&rates).ok_or_else(|| unreadable("a price is not readable"))?;
    let feature = feature(row.held_call.feature);
    Ok(CallRecord {
        call: row.call,
        provider,
        model,
        feature: feature.ok_or_else(|| unreadable("the feature of a call is not known"))?,
        streamed: row.held_call.streamed,
        status: row.status,
        state: row.state,
        certainty: row.certainty,
        counts: row.counts,
        held: row.held,
        cost: row.cost,
        house: row.house(),
        price_version: row.held_call.price_id,
        price: Arc::new(price),
        started_at: row.held_call.started_at,
    })
}

fn limit(page: &StatementPage) -> i64 {
    i64::try_from(page.limit).unwrap_or(i64::MAX)
}

fn unreadable(why: &'static str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Integer, why.into())
}
