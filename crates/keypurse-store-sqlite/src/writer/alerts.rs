//! Alert rules, what they fire for, and what becomes of deliveries.
//!
//! No statement here may fail for what it is given: the batch is everybody's.

use keypurse_core::alert::{AlertEventId, AlertId};
use keypurse_core::time::Timestamp;
use keypurse_store::{
    Actor, AlertChange, AlertRule, AuditEvent, ChangeError, Claim, DeliveryState, DeliveryTry,
    Firing, MAX_ALERTS, Made, Once, ResealedWebhook,
};
use rusqlite::{Connection, OptionalExtension, params};

use super::batch::Batch;
use super::change::Undone;
use super::command::Reply;
use super::state::Writer;
use crate::alerts::{RuleColumns, measured_columns, rule, state_columns, subject_text};

/// How long what is over is listed: 90 days.
const KEPT_SECONDS: i64 = 90 * 86_400;
/// Rows forgotten with each that is added: more than one, so that a backlog
/// shrinks, and few, so that nobody waits for it.
const FORGOTTEN_AT_ONCE: i64 = 16;

/// What the writer can be asked about alerts.
#[derive(Debug)]
pub(crate) enum AlertsCommand {
    Change(
        Box<AlertChange>,
        Actor,
        Option<Once<AlertRule>>,
        Reply<Made<AlertRule>, ChangeError>,
    ),
    Note {
        firings: Vec<Firing>,
        over: Vec<AlertEventId>,
        now: Timestamp,
        reply: Reply<usize>,
    },
    Tried {
        delivery: i64,
        tried: DeliveryTry,
        state: DeliveryState,
        reply: Reply<()>,
    },
    Tested {
        rule: AlertId,
        tried: DeliveryTry,
        kept: Option<(Claim, Vec<u8>)>,
        reply: Reply<()>,
    },
    Reseal(Vec<ResealedWebhook>, Reply<usize>),
}

impl Writer {
    pub(super) fn decide_alerts(
        &mut self,
        command: AlertsCommand,
        batch: &mut Batch,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        match command {
            AlertsCommand::Change(change, actor, once, reply) => {
                let result = self.once(once, now, |writer| {
                    let mut event = AuditEvent::of_alert_change(&change, actor, now);
                    let rule = change_alert(&writer.connection, *change)?;
                    event.subject.clone_from(&rule.name);
                    event.account = Some(rule.account);
                    writer.record(&event)?;
                    Ok(rule)
                })?;
                batch.answer(reply, result);
            }
            AlertsCommand::Note {
                firings,
                over,
                now,
                reply,
            } => {
                let fired = note(&self.connection, &firings, &over, now)?;
                batch.answer(reply, Ok(fired));
            }
            AlertsCommand::Tried {
                delivery,
                tried,
                state,
                reply,
            } => {
                note_try(&self.connection, delivery, &tried, state)?;
                batch.answer(reply, Ok(()));
            }
            AlertsCommand::Tested {
                rule,
                tried,
                kept,
                reply,
            } => {
                note_test(&self.connection, rule, &tried)?;
                if let Some((claim, answer)) = kept {
                    self.remember_change(&claim, answer, now)?;
                }
                batch.answer(reply, Ok(()));
            }
            AlertsCommand::Reseal(webhooks, reply) => {
                let moved = reseal(&self.connection, &webhooks)?;
                batch.answer(reply, Ok(moved));
            }
        }
        Ok(())
    }
}

fn change_alert(connection: &Connection, change: AlertChange) -> Result<AlertRule, Undone> {
    match change {
        AlertChange::Create(new) => {
            let has: i64 = connection
                .prepare_cached("SELECT count(*) FROM alert_rule WHERE account_id = ?")?
                .query_row([new.account.0], |row| row.get(0))?;
            if has >= i64::try_from(MAX_ALERTS).unwrap_or(i64::MAX) {
                return Err(ChangeError::TooManyAlerts.into());
            }
            insert(connection, &new)?;
            Ok(new)
        }
        AlertChange::Update { seen, rule, now } => update(connection, &seen, rule, now),
        AlertChange::Delete { account, id, now } => {
            let gone = rule(connection, account, id)?.ok_or(ChangeError::NoSuchAlert)?;
            end_events(connection, id, now)?;
            forget_deliveries(connection, id)?;
            connection
                .prepare_cached("DELETE FROM alert_rule WHERE id = ?")?
                .execute([id.raw()])?;
            Ok(gone)
        }
    }
}

fn insert(connection: &Connection, new: &AlertRule) -> rusqlite::Result<()> {
    let columns = RuleColumns::of(new);
    let (kind, threshold, window, least) = columns.condition;
    let webhook = new.webhook.as_ref();
    connection
        .prepare_cached(
            "INSERT INTO alert_rule (id, account_id, name, scope, token_name, kind, threshold,
                 window_seconds, least_calls, sealed, master, shown, format, signed, enabled,
                 since, created_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            new.id.raw(),
            new.account.0,
            new.name,
            columns.scope,
            columns.token_name,
            kind,
            threshold,
            window,
            least,
            webhook.map(|webhook| &webhook.sealed),
            webhook.map(|webhook| webhook.master),
            webhook.map(|webhook| &webhook.shown),
            columns.format,
            webhook.map(|webhook| webhook.is_signed),
            new.is_enabled,
            new.since.micros(),
            new.created_at.micros(),
        ])?;
    Ok(())
}

fn update(
    connection: &Connection,
    seen: &AlertRule,
    mut new: AlertRule,
    now: Timestamp,
) -> Result<AlertRule, Undone> {
    let current = rule(connection, seen.account, seen.id)?.ok_or(ChangeError::NoSuchAlert)?;
    if current != *seen {
        return Err(ChangeError::Stale.into());
    }
    let watches = |rule: &AlertRule| (rule.scope.clone(), rule.condition, rule.is_enabled);
    if watches(&new) != watches(seen) {
        new.since = now;
        end_events(connection, seen.id, now)?;
    }
    if new.webhook.is_none() {
        connection
            .prepare_cached("UPDATE alert_delivery SET state = 2 WHERE rule_id = ? AND state = 0")?
            .execute([seen.id.raw()])?;
    }
    let columns = RuleColumns::of(&new);
    let (kind, threshold, window, least) = columns.condition;
    let webhook = new.webhook.as_ref();
    connection
        .prepare_cached(
            "UPDATE alert_rule SET name = ?, scope = ?, token_name = ?, kind = ?, threshold = ?,
                 window_seconds = ?, least_calls = ?, sealed = ?, master = ?, shown = ?,
                 format = ?, signed = ?, enabled = ?, since = ?
             WHERE id = ?",
        )?
        .execute(params![
            new.name,
            columns.scope,
            columns.token_name,
            kind,
            threshold,
            window,
            least,
            webhook.map(|webhook| &webhook.sealed),
            webhook.map(|webhook| webhook.master),
            webhook.map(|webhook| &webhook.shown),
            columns.format,
            webhook.map(|webhook| webhook.is_signed),
            new.is_enabled,
            new.since.micros(),
            seen.id.raw(),
        ])?;
    Ok(new)
}

fn end_events(connection: &Connection, rule: AlertId, now: Timestamp) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE alert_event SET cleared_at = ? WHERE rule_id = ? AND cleared_at IS NULL",
        )?
        .execute([now.micros(), rule.raw()])?;
    Ok(())
}

fn forget_deliveries(connection: &Connection, rule: AlertId) -> rusqlite::Result<()> {
    let mut tries = connection.prepare_cached(
        "DELETE FROM alert_try
         WHERE delivery_id IN (SELECT id FROM alert_delivery WHERE rule_id = ?)",
    )?;
    tries.execute([rule.raw()])?;
    connection
        .prepare_cached("DELETE FROM alert_delivery WHERE rule_id = ?")?
        .execute([rule.raw()])?;
    Ok(())
}

fn note(
    connection: &Connection,
    firings: &[Firing],
    over: &[AlertEventId],
    now: Timestamp,
) -> rusqlite::Result<usize> {
    // First: what is over may have become true again.
    let mut end = connection.prepare_cached(
        "UPDATE alert_event SET cleared_at = ? WHERE ordered = ? AND cleared_at IS NULL",
    )?;
    for event in over {
        end.execute([now.micros(), event.ordered])?;
    }
    let mut fired = 0;
    for firing in firings {
        fired += usize::from(fire(connection, firing, now)?);
        forget_old(connection, now)?;
    }
    Ok(fired)
}

/// Enters the event and, where somebody is told, its delivery. The rule is read
/// in this transaction, so that one which was changed does not fire.
fn fire(connection: &Connection, firing: &Firing, now: Timestamp) -> rusqlite::Result<bool> {
    let (measured, measured_of) = measured_columns(&firing.measured);
    let entered = connection
        .prepare_cached(
            "INSERT OR IGNORE INTO alert_event (random, account_id, rule_id, rule_name, kind,
                 threshold, window_seconds, least_calls, subject, label, measured, measured_of,
                 fired_at)
             SELECT ?1, account_id, id, name, kind, threshold, window_seconds, least_calls,
                 ?2, ?3, ?4, ?5, ?6
             FROM alert_rule WHERE id = ?7 AND since = ?8 AND enabled",
        )?
        .execute(params![
            firing.random,
            subject_text(&firing.subject),
            firing.label,
            measured,
            measured_of,
            now.micros(),
            firing.rule.raw(),
            firing.since.micros(),
        ])?;
    if entered == 0 {
        return Ok(false);
    }
    let event = connection.last_insert_rowid();
    connection
        .prepare_cached(
            "INSERT INTO alert_delivery (rule_id, event, created_at, state, next_at)
             SELECT id, ?1, ?2, 0, ?2 FROM alert_rule WHERE id = ?3 AND sealed IS NOT NULL",
        )?
        .execute(params![event, now.micros(), firing.rule.raw()])?;
    Ok(true)
}

fn note_try(
    connection: &Connection,
    delivery: i64,
    tried: &DeliveryTry,
    state: DeliveryState,
) -> rusqlite::Result<()> {
    let (code, next_at) = state_columns(state);
    // Its rule may be gone, and given up it stays so.
    let known = connection
        .prepare_cached(
            "UPDATE alert_delivery SET state = ?, next_at = ? WHERE id = ? AND state = 0",
        )?
        .execute([code, next_at, delivery])?;
    if known > 0 {
        enter_try(connection, delivery, tried)?;
    }
    Ok(())
}

fn enter_try(connection: &Connection, delivery: i64, tried: &DeliveryTry) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO alert_try (delivery_id, number, at, status, error, took_ms)
             SELECT ?1, 1 + (SELECT count(*) FROM alert_try WHERE delivery_id = ?1), ?2, ?3, ?4, ?5",
        )?
        .execute(params![
            delivery,
            tried.at.micros(),
            tried.status,
            tried.error,
            tried.took_ms
        ])?;
    Ok(())
}

fn note_test(connection: &Connection, rule: AlertId, tried: &DeliveryTry) -> rusqlite::Result<()> {
    let is_taken = tried
        .status
        .is_some_and(|status| (200..300).contains(&status));
    let state = if is_taken { 1 } else { 2 };
    let entered: Option<i64> = connection
        .prepare_cached(
            "INSERT INTO alert_delivery (rule_id, event, created_at, state, next_at)
             SELECT id, NULL, ?1, ?2, 0 FROM alert_rule WHERE id = ?3 RETURNING id",
        )?
        .query_row(params![tried.at.micros(), state, rule.raw()], |row| {
            row.get(0)
        })
        .optional()?;
    if let Some(delivery) = entered {
        enter_try(connection, delivery, tried)?;
        forget_old(connection, tried.at)?;
    }
    Ok(())
}

/// Forgets some of what has been over for long.
fn forget_old(connection: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    let before = now.plus_seconds(-KEPT_SECONDS).micros();
    let old_events: Vec<i64> = connection
        .prepare_cached(
            "SELECT ordered FROM alert_event WHERE cleared_at < ? ORDER BY cleared_at LIMIT ?",
        )?
        .query_map([before, FORGOTTEN_AT_ONCE], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut old: Vec<i64> = connection
        .prepare_cached(
            "SELECT id FROM alert_delivery WHERE state <> 0 AND created_at < ?
             ORDER BY created_at LIMIT ?",
        )?
        .query_map([before, FORGOTTEN_AT_ONCE], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut of_event =
        connection.prepare_cached("SELECT id FROM alert_delivery WHERE event = ?")?;
    for event in &old_events {
        for id in of_event.query_map([event], |row| row.get(0))? {
            old.push(id?);
        }
    }
    let mut tries = connection.prepare_cached("DELETE FROM alert_try WHERE delivery_id = ?")?;
    let mut deliveries = connection.prepare_cached("DELETE FROM alert_delivery WHERE id = ?")?;
    for delivery in old {
        tries.execute([delivery])?;
        deliveries.execute([delivery])?;
    }
    let mut events = connection.prepare_cached("DELETE FROM alert_event WHERE ordered = ?")?;
    for event in old_events {
        events.execute([event])?;
    }
    Ok(())
}

fn reseal(connection: &Connection, webhooks: &[ResealedWebhook]) -> rusqlite::Result<usize> {
    let mut update = connection.prepare_cached(
        "UPDATE alert_rule SET sealed = ?, master = ? WHERE id = ? AND sealed = ?",
    )?;
    let mut moved = 0;
    for webhook in webhooks {
        moved += update.execute(params![
            webhook.to,
            webhook.master,
            webhook.rule.raw(),
            webhook.from
        ])?;
    }
    Ok(moved)
}
