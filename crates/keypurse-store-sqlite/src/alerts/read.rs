//! What is read of alerts.

use std::collections::BTreeMap;

use keypurse_core::alert::AlertId;
use keypurse_core::id::{AccountId, TokenId};
use keypurse_core::ledger::EntryKind;
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;
use keypurse_core::token::{TokenKind, TokenName};
use keypurse_store::{
    AlertEvent, AlertEventsPage, AlertRule, DeliveriesPage, Delivery, DeliveryTry, DueDelivery,
    TokenFacts,
};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Params, Row, params};

use super::rows::{self, EVENT_COLUMNS, EVENT_WIDTH, RULE_COLUMNS, RULE_WIDTH};
use crate::rows::entry_kind_code;

/// Rules under a condition on `r`, oldest first.
fn rules_where(
    connection: &Connection,
    condition: &str,
    parameters: impl Params,
) -> rusqlite::Result<Vec<AlertRule>> {
    let sql = format!("SELECT {RULE_COLUMNS} FROM alert_rule r WHERE {condition}");
    connection
        .prepare_cached(&sql)?
        .query_map(parameters, |row| rows::rule(row, 0))?
        .collect()
}

pub(super) fn rules_of(
    connection: &Connection,
    account: AccountId,
) -> rusqlite::Result<Vec<AlertRule>> {
    rules_where(connection, "r.account_id = ? ORDER BY r.place", [account.0])
}

/// A rule of an account.
pub(crate) fn rule(
    connection: &Connection,
    account: AccountId,
    id: AlertId,
) -> rusqlite::Result<Option<AlertRule>> {
    let found = rules_where(
        connection,
        "r.account_id = ? AND r.id = ?",
        [account.0, id.raw()],
    )?;
    Ok(found.into_iter().next())
}

pub(super) fn enabled_rules(connection: &Connection) -> rusqlite::Result<Vec<AlertRule>> {
    rules_where(connection, "r.enabled ORDER BY r.place", [])
}

pub(super) fn stale_rules(
    connection: &Connection,
    master: u32,
) -> rusqlite::Result<Vec<AlertRule>> {
    let condition = "r.sealed IS NOT NULL AND r.master <> ? ORDER BY r.place";
    rules_where(connection, condition, [master])
}

/// Events under a condition on `e`.
fn events_where(
    connection: &Connection,
    condition: &str,
    parameters: impl Params,
) -> rusqlite::Result<Vec<AlertEvent>> {
    let sql = format!("SELECT {EVENT_COLUMNS} FROM alert_event e WHERE {condition}");
    connection
        .prepare_cached(&sql)?
        .query_map(parameters, |row| rows::event(row, 0))?
        .collect()
}

pub(super) fn open_events(connection: &Connection) -> rusqlite::Result<Vec<AlertEvent>> {
    events_where(connection, "e.cleared_at IS NULL ORDER BY e.ordered", [])
}

pub(super) fn events(
    connection: &Connection,
    page: &AlertEventsPage,
) -> rusqlite::Result<Vec<AlertEvent>> {
    events_where(
        connection,
        "e.account_id = ? AND e.ordered < ? ORDER BY e.ordered DESC LIMIT ?",
        params![
            page.account.0,
            page.before.unwrap_or(i64::MAX),
            count(page.limit)
        ],
    )
}

fn count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// Live tokens of an account. The balance that the last funding led to is
/// looked up only where no period says what a full purse is.
pub(super) fn token_facts(
    connection: &Connection,
    account: AccountId,
    named: Option<&[TokenName]>,
    proven: Timestamp,
) -> rusqlite::Result<Vec<TokenFacts>> {
    let select = |condition: &str| {
        format!(
            "SELECT t.id, t.name, t.kind, t.balance, t.has_budget, t.reset_amount,
                 t.reset_next_at, t.expires_at,
                 iif(t.has_budget AND t.reset_amount IS NULL, ({}), NULL)
             FROM token t WHERE t.account_id = ? AND t.deleted_at IS NULL AND {condition}",
            last_funding_where("e.token_id = t.id")
        )
    };
    let read = |row: &Row<'_>| facts(row, proven);
    let Some(named) = named else {
        let mut all = connection.prepare_cached(&select("true ORDER BY t.id"))?;
        return all.query_map([account.0], read)?.collect();
    };
    let mut one = connection.prepare_cached(&select("t.name = ?"))?;
    let mut found = Vec::new();
    for name in named {
        let row = one.query_row(params![account.0, name.as_str()], read);
        found.extend(row.optional()?);
    }
    Ok(found)
}

/// What a purse had after it was last given money.
fn last_funding_where(condition: &str) -> String {
    let kinds = [EntryKind::Open, EntryKind::Adjust, EntryKind::TopUp].map(entry_kind_code);
    let [open, adjust, top_up] = kinds;
    format!(
        "SELECT e.balance_after FROM entry e
         WHERE {condition} AND e.amount > 0 AND e.kind IN ({open}, {adjust}, {top_up})
         ORDER BY e.line DESC LIMIT 1"
    )
}

fn facts(row: &Row<'_>, proven: Timestamp) -> rusqlite::Result<TokenFacts> {
    let name: String = row.get(1)?;
    let money = |column| -> rusqlite::Result<Option<Money>> {
        let nanos: Option<i64> = row.get(column)?;
        Ok(nanos.map(Money::from_nanos))
    };
    let instant = |column| -> rusqlite::Result<Option<Timestamp>> {
        let micros: Option<i64> = row.get(column)?;
        Ok(micros.map(Timestamp::from_micros))
    };
    let (amount, next_at) = (money(5)?, instant(6)?);
    // A reset runs in the first ledger step of its period.
    let is_due = next_at.is_some_and(|at| at <= proven);
    let balance = if is_due { amount } else { money(3)? };
    let has_budget: bool = row.get(4)?;
    Ok(TokenFacts {
        id: TokenId(row.get(0)?),
        name: TokenName::parse(&name).map_err(|_| {
            rusqlite::Error::FromSqlConversionFailure(1, Type::Text, "not a token name".into())
        })?,
        kind: if row.get::<_, i64>(2)? == 0 {
            TokenKind::Live
        } else {
            TokenKind::Sandbox
        },
        balance: balance.filter(|_| has_budget),
        budget: amount.or(money(8)?),
        expires_at: instant(7)?,
    })
}

pub(super) fn last_funding(
    connection: &Connection,
    account: AccountId,
) -> rusqlite::Result<Option<Money>> {
    let sql = last_funding_where("e.account_id = ? AND e.token_id IS NULL");
    connection
        .prepare_cached(&sql)?
        .query_row([account.0], |row| row.get(0).map(Money::from_nanos))
        .optional()
}

pub(super) fn due(
    connection: &Connection,
    now: Timestamp,
    of_each_rule: usize,
) -> rusqlite::Result<Vec<DueDelivery>> {
    let sql = format!(
        "SELECT {RULE_COLUMNS}, {EVENT_COLUMNS}, d.id,
             (SELECT count(*) FROM alert_try t WHERE t.delivery_id = d.id)
         FROM (SELECT id, rule_id, event,
                   row_number() OVER (PARTITION BY rule_id ORDER BY next_at, id) AS place
               FROM alert_delivery WHERE state = 0 AND next_at <= ?) d
         JOIN alert_event e ON e.ordered = d.event
         JOIN alert_rule r ON r.id = d.rule_id
         WHERE d.place <= ? AND r.sealed IS NOT NULL ORDER BY d.id"
    );
    connection
        .prepare_cached(&sql)?
        .query_map(params![now.micros(), count(of_each_rule)], |row| {
            Ok(DueDelivery {
                rule: rows::rule(row, 0)?,
                event: rows::event(row, RULE_WIDTH)?,
                id: row.get(RULE_WIDTH + EVENT_WIDTH)?,
                tries: row.get(RULE_WIDTH + EVENT_WIDTH + 1)?,
            })
        })?
        .collect()
}

pub(super) fn deliveries(
    connection: &Connection,
    page: &DeliveriesPage,
) -> rusqlite::Result<Vec<Delivery>> {
    let before = page.before.unwrap_or(i64::MAX);
    let mut log: Vec<Delivery> = connection
        .prepare_cached(
            "SELECT d.id, d.created_at, d.state, d.next_at, e.ordered, e.random
             FROM alert_delivery d LEFT JOIN alert_event e ON e.ordered = d.event
             WHERE d.rule_id = ? AND d.id < ? ORDER BY d.id DESC LIMIT ?",
        )?
        .query_map(params![page.rule.raw(), before, count(page.limit)], |row| {
            let is_test = row.get::<_, Option<i64>>(4)?.is_none();
            Ok(Delivery {
                id: row.get(0)?,
                event: if is_test {
                    None
                } else {
                    Some(rows::event_id(row, 4)?)
                },
                created_at: Timestamp::from_micros(row.get(1)?),
                state: rows::state(row, 2)?,
                tries: Vec::new(),
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let Some(oldest) = log.last().map(|delivery| delivery.id) else {
        return Ok(log);
    };
    let mut tries = tries(connection, page.rule, oldest, before)?;
    for delivery in &mut log {
        delivery.tries = tries.remove(&delivery.id).unwrap_or_default();
    }
    Ok(log)
}

fn tries(
    connection: &Connection,
    rule: AlertId,
    from: i64,
    before: i64,
) -> rusqlite::Result<BTreeMap<i64, Vec<DeliveryTry>>> {
    let mut tries = BTreeMap::<i64, Vec<DeliveryTry>>::new();
    let mut statement = connection.prepare_cached(
        "SELECT t.delivery_id, t.at, t.status, t.error, t.took_ms
         FROM alert_delivery d JOIN alert_try t ON t.delivery_id = d.id
         WHERE d.rule_id = ? AND d.id >= ? AND d.id < ? ORDER BY t.delivery_id, t.number",
    )?;
    let mut found = statement.query(params![rule.raw(), from, before])?;
    while let Some(row) = found.next()? {
        tries.entry(row.get(0)?).or_default().push(DeliveryTry {
            at: Timestamp::from_micros(row.get(1)?),
            status: row.get(2)?,
            error: row.get(3)?,
            took_ms: row.get(4)?,
        });
    }
    Ok(tries)
}
