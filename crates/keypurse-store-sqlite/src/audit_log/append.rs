//! New records, written in the transaction of what they record.

use std::path::Path;

use keypurse_core::time::Timestamp;
use keypurse_store::{Action, Actor, AuditEvent, AuditRecord, Details};
use rusqlite::{Connection, OptionalExtension, params};

use super::key::{AuditKey, Fingerprint};
use super::read::head;
use crate::open::{OpenError, SqliteOptions, change_at_rest, open_reader};

/// Adds a record after the last one. Call [`begin`] once before.
pub(crate) fn append(
    connection: &Connection,
    key: &AuditKey,
    event: &AuditEvent,
) -> rusqlite::Result<()> {
    let last = head(connection)?;
    let mut record = AuditRecord {
        seq: last.seq + 1,
        at: event.at,
        account: event.account,
        actor: event.actor.who.to_string(),
        address: event.actor.address.map(|address| address.to_string()),
        action: event.action.as_str().to_owned(),
        subject: event.subject.clone(),
        details: event.details.to_text(),
        hash: [0; 32],
    };
    record.hash = key.link(&last.hash, &record);
    connection
        .prepare_cached(
            "INSERT INTO audit_log
                 (seq, at, account_id, actor, address, action, subject, details, hash)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            record.seq,
            record.at.micros(),
            record.account.map(|account| account.0),
            record.actor,
            record.address,
            record.action,
            record.subject,
            record.details,
            record.hash,
        ])?;
    Ok(())
}

/// Makes sure that the log goes on under the key it was written with; a log
/// without a key is begun with this one.
pub(crate) fn begin(connection: &Connection, key: &AuditKey) -> rusqlite::Result<Begun> {
    match newest_key(connection)? {
        Some(known) if known == key.fingerprint() => Ok(Begun::Here),
        Some(_) => Ok(Begun::UnderAnother),
        None => {
            adopt(connection, key, 1)?;
            Ok(Begun::Here)
        }
    }
}

/// Under which key the log goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begun {
    /// The one at hand.
    Here,
    /// Another; nothing may be appended.
    UnderAnother,
}

fn newest_key(connection: &Connection) -> rusqlite::Result<Option<Fingerprint>> {
    connection
        .query_row(
            "SELECT fingerprint FROM audit_key ORDER BY id DESC LIMIT 1",
            [],
            |row| row.get(0),
        )
        .optional()
}

fn adopt(connection: &Connection, key: &AuditKey, since: i64) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO audit_key (since, fingerprint) VALUES (?, ?)",
        params![since, key.fingerprint()],
    )?;
    Ok(())
}

/// Whether a database's log has begun, under whichever key; works beside a
/// live server.
pub fn audit_log_has_begun(path: &Path) -> rusqlite::Result<bool> {
    let connection = open_reader(path)?;
    Ok(connection.table_exists(None, "audit_key")? && newest_key(&connection)?.is_some())
}

/// Changes a database nobody serves, and records it, in one transaction.
pub(crate) fn change_and_record<T>(
    options: &SqliteOptions,
    change: impl FnOnce(&Connection) -> rusqlite::Result<(T, Option<AuditEvent>)>,
) -> Result<T, OpenError> {
    let key = &options.audit_key;
    let changed = change_at_rest(options, |connection| {
        if begin(connection, key)? == Begun::UnderAnother {
            return Ok(None);
        }
        let transaction = connection.transaction()?;
        let (changed, event) = change(&transaction)?;
        if let Some(event) = event {
            append(&transaction, key, &event)?;
        }
        transaction.commit()?;
        Ok(Some(changed))
    })?;
    changed.ok_or(OpenError::OtherAuditKey)
}

/// Lets the log go on under another key, because the one before is lost, with
/// the server stopped. Its first record says so, and where the older ones end.
/// `Ok(false)`: it goes on under this key already, or has not begun.
pub fn replace_audit_key(
    options: &SqliteOptions,
    actor: Actor,
    now: Timestamp,
) -> Result<bool, OpenError> {
    let key = &options.audit_key;
    change_at_rest(options, |connection| {
        if begin(connection, key)? == Begun::Here {
            return Ok(false);
        }
        let transaction = connection.transaction()?;
        let last = head(&transaction)?;
        adopt(&transaction, key, last.seq + 1)?;
        let event = AuditEvent {
            account: None,
            actor,
            action: Action::AuditKeyReplace,
            subject: "audit.key".to_owned(),
            details: Details::none().with("last_record", last.to_string()),
            at: now,
        };
        append(&transaction, key, &event)?;
        transaction.commit()?;
        Ok(true)
    })
}
