//! Alert rows to domain and back.

use keypurse_core::alert::{
    AlertCondition, AlertEventId, AlertId, AlertScope, AlertSubject, Measured,
};
use keypurse_core::id::{AccountId, TokenId};
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;
use keypurse_core::token::TokenName;
use keypurse_store::{AlertEvent, AlertRule, DeliveryState, SealedWebhook, WebhookFormat};
use rusqlite::Row;
use rusqlite::types::Type;

/// Columns of a rule, as [`rule`] reads them.
pub(super) const RULE_COLUMNS: &str = "r.id, r.account_id, r.name, r.scope, r.token_name, r.kind,
    r.threshold, r.window_seconds, r.least_calls, r.sealed, r.master, r.shown, r.format, r.signed,
    r.enabled, r.since, r.created_at";
/// How many they are.
pub(super) const RULE_WIDTH: usize = 17;
/// Columns of an event, as [`event`] reads them.
pub(super) const EVENT_COLUMNS: &str = "e.ordered, e.random, e.account_id, e.rule_id, e.rule_name,
    e.kind, e.threshold, e.window_seconds, e.least_calls, e.subject, e.label, e.measured,
    e.measured_of, e.fired_at, e.cleared_at";
/// How many they are.
pub(super) const EVENT_WIDTH: usize = 15;

fn bad(column: usize, what: &'static str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Integer, what.into())
}

/// A condition as four columns: kind, threshold, window, least calls.
pub(super) fn condition_columns(condition: &AlertCondition) -> (i64, i64, u32, u32) {
    match *condition {
        AlertCondition::BalanceBelow(amount) => (1, amount.nanos(), 0, 0),
        AlertCondition::BalanceShareBelow { percent } => (2, percent.into(), 0, 0),
        AlertCondition::SpendRateAbove {
            amount,
            window_seconds,
        } => (3, amount.nanos(), window_seconds, 0),
        AlertCondition::ExpiringWithin { seconds } => (4, seconds.into(), 0, 0),
        AlertCondition::Exhausted => (5, 0, 0, 0),
        AlertCondition::ErrorRateAbove {
            percent,
            window_seconds,
            least_calls,
        } => (6, percent.into(), window_seconds, least_calls),
        AlertCondition::ProviderDown => (7, 0, 0, 0),
    }
}

fn condition(row: &Row<'_>, column: usize) -> rusqlite::Result<AlertCondition> {
    let threshold: i64 = row.get(column + 1)?;
    let window_seconds: u32 = row.get(column + 2)?;
    let amount = Money::from_nanos(threshold);
    let percent = || u8::try_from(threshold).map_err(|_| bad(column + 1, "no percentage"));
    Ok(match row.get(column)? {
        1 => AlertCondition::BalanceBelow(amount),
        2 => AlertCondition::BalanceShareBelow {
            percent: percent()?,
        },
        3 => AlertCondition::SpendRateAbove {
            amount,
            window_seconds,
        },
        4 => AlertCondition::ExpiringWithin {
            seconds: row.get(column + 1)?,
        },
        5 => AlertCondition::Exhausted,
        6 => AlertCondition::ErrorRateAbove {
            percent: percent()?,
            window_seconds,
            least_calls: row.get(column + 3)?,
        },
        7 => AlertCondition::ProviderDown,
        _ => return Err(bad(column, "unknown kind of alert")),
    })
}

fn scope(row: &Row<'_>, column: usize) -> rusqlite::Result<AlertScope> {
    match row.get(column)? {
        0 => Ok(AlertScope::Account),
        1 => Ok(AlertScope::EveryToken),
        2 => {
            let name: String = row.get(column + 1)?;
            let name = TokenName::parse(&name).map_err(|_| bad(column + 1, "not a token name"))?;
            Ok(AlertScope::Token(name))
        }
        _ => Err(bad(column, "unknown scope of an alert")),
    }
}

fn webhook(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<SealedWebhook>> {
    let Some(sealed) = row.get(column)? else {
        return Ok(None);
    };
    let format = match row.get(column + 3)? {
        0 => WebhookFormat::Json,
        1 => WebhookFormat::Slack,
        _ => return Err(bad(column + 3, "unknown webhook format")),
    };
    Ok(Some(SealedWebhook {
        sealed,
        master: row.get(column + 1)?,
        shown: row.get(column + 2)?,
        format,
        is_signed: row.get(column + 4)?,
    }))
}

/// A rule from its columns, the first of which is `first`.
pub(super) fn rule(row: &Row<'_>, first: usize) -> rusqlite::Result<AlertRule> {
    Ok(AlertRule {
        id: AlertId::from_raw(row.get(first)?),
        account: AccountId(row.get(first + 1)?),
        name: row.get(first + 2)?,
        scope: scope(row, first + 3)?,
        condition: condition(row, first + 5)?,
        webhook: webhook(row, first + 9)?,
        is_enabled: row.get(first + 14)?,
        since: Timestamp::from_micros(row.get(first + 15)?),
        created_at: Timestamp::from_micros(row.get(first + 16)?),
    })
}

/// What a rule's columns hold that can change.
pub(crate) struct RuleColumns<'a> {
    pub(crate) scope: i64,
    pub(crate) token_name: Option<&'a str>,
    pub(crate) condition: (i64, i64, u32, u32),
    pub(crate) format: Option<i64>,
}

impl<'a> RuleColumns<'a> {
    pub(crate) fn of(rule: &'a AlertRule) -> Self {
        let (scope, token_name) = match &rule.scope {
            AlertScope::Account => (0, None),
            AlertScope::EveryToken => (1, None),
            AlertScope::Token(name) => (2, Some(name.as_str())),
        };
        let format = |format| match format {
            WebhookFormat::Json => 0,
            WebhookFormat::Slack => 1,
        };
        Self {
            scope,
            token_name,
            condition: condition_columns(&rule.condition),
            format: rule.webhook.as_ref().map(|webhook| format(webhook.format)),
        }
    }
}

/// A subject as text.
pub(crate) fn subject_text(subject: &AlertSubject) -> String {
    match subject {
        AlertSubject::Account => String::new(),
        AlertSubject::Token(id) => format!("t:{}", id.0),
        AlertSubject::Provider(name) => format!("p:{name}"),
    }
}

fn subject(row: &Row<'_>, column: usize) -> rusqlite::Result<AlertSubject> {
    let text: String = row.get(column)?;
    let unknown = || bad(column, "unknown subject of an alert");
    match text.split_once(':') {
        None if text.is_empty() => Ok(AlertSubject::Account),
        Some(("t", id)) => {
            let id = id.parse().map_err(|_| unknown())?;
            Ok(AlertSubject::Token(TokenId(id)))
        }
        Some(("p", name)) => Ok(AlertSubject::Provider(name.to_owned())),
        Some(_) | None => Err(unknown()),
    }
}

/// What was measured as two columns; which kind it is follows from the rule's.
pub(crate) fn measured_columns(measured: &Measured) -> (i64, Option<i64>) {
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    match *measured {
        Measured::Balance { balance, budget } => (balance.nanos(), budget.map(Money::nanos)),
        Measured::Spent(amount) => (amount.nanos(), None),
        Measured::ExpiresAt(at) => (at.micros(), None),
        Measured::Errors { calls, errors } => (count(errors), Some(count(calls))),
        Measured::Down => (0, None),
    }
}

fn measured(
    condition: &AlertCondition,
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<Measured> {
    let (first, second): (i64, Option<i64>) = (row.get(column)?, row.get(column + 1)?);
    Ok(match condition {
        AlertCondition::BalanceBelow(_)
        | AlertCondition::BalanceShareBelow { .. }
        | AlertCondition::Exhausted => Measured::Balance {
            balance: Money::from_nanos(first),
            budget: second.map(Money::from_nanos),
        },
        AlertCondition::SpendRateAbove { .. } => Measured::Spent(Money::from_nanos(first)),
        AlertCondition::ExpiringWithin { .. } => Measured::ExpiresAt(Timestamp::from_micros(first)),
        AlertCondition::ErrorRateAbove { .. } => Measured::Errors {
            calls: second.unwrap_or_default().unsigned_abs(),
            errors: first.unsigned_abs(),
        },
        AlertCondition::ProviderDown => Measured::Down,
    })
}

/// An event from its columns, the first of which is `first`.
pub(super) fn event(row: &Row<'_>, first: usize) -> rusqlite::Result<AlertEvent> {
    let condition = condition(row, first + 5)?;
    Ok(AlertEvent {
        id: event_id(row, first)?,
        account: AccountId(row.get(first + 2)?),
        rule: AlertId::from_raw(row.get(first + 3)?),
        rule_name: row.get(first + 4)?,
        condition,
        subject: subject(row, first + 9)?,
        label: row.get(first + 10)?,
        measured: measured(&condition, row, first + 11)?,
        fired_at: Timestamp::from_micros(row.get(first + 13)?),
        cleared_at: row
            .get::<_, Option<i64>>(first + 14)?
            .map(Timestamp::from_micros),
    })
}

pub(super) fn event_id(row: &Row<'_>, column: usize) -> rusqlite::Result<AlertEventId> {
    Ok(AlertEventId {
        ordered: row.get(column)?,
        random: row.get(column + 1)?,
    })
}

/// A delivery's state as two columns; the instant says nothing once it is over.
pub(crate) fn state_columns(state: DeliveryState) -> (i64, i64) {
    match state {
        DeliveryState::Pending(at) => (0, at.micros()),
        DeliveryState::Delivered => (1, 0),
        DeliveryState::GivenUp => (2, 0),
    }
}

pub(super) fn state(row: &Row<'_>, column: usize) -> rusqlite::Result<DeliveryState> {
    match row.get(column)? {
        0 => {
            let at = row.get(column + 1)?;
            Ok(DeliveryState::Pending(Timestamp::from_micros(at)))
        }
        1 => Ok(DeliveryState::Delivered),
        2 => Ok(DeliveryState::GivenUp),
        _ => Err(bad(column, "unknown state of a delivery")),
    }
}
