//! Where a database comes from: a restored one waits to be acknowledged.

use std::path::Path;

use keypurse_core::time::Timestamp;
use keypurse_store::{Action, Actor, AuditEvent, Details};
use rusqlite::{Connection, params};

use crate::audit_log::change_and_record;
use crate::open::{OpenError, SqliteOptions, change_at_rest, open_reader};

/// Where a database comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instance {
    /// 1, and one more with each acknowledged restore.
    pub epoch: i64,
    /// Set until a restore is acknowledged; nothing is spent meanwhile.
    pub restored: Option<Restored>,
}

/// A restore nobody has acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restored {
    /// When it was restored.
    pub at: Timestamp,
    /// When its backup was made: what happened later is not in it.
    pub backup_at: Timestamp,
}

/// Where a database comes from; works beside a live server.
pub fn instance(path: &Path) -> rusqlite::Result<Instance> {
    read(&open_reader(path)?)
}

fn read(connection: &Connection) -> rusqlite::Result<Instance> {
    connection.query_row(
        "SELECT epoch, restored_at, backup_at FROM instance",
        [],
        |row| {
            let instant = |column| -> rusqlite::Result<Option<Timestamp>> {
                Ok(row
                    .get::<_, Option<i64>>(column)?
                    .map(Timestamp::from_micros))
            };
            let restored = instant(1)?.zip(instant(2)?);
            Ok(Instance {
                epoch: row.get(0)?,
                restored: restored.map(|(at, backup_at)| Restored { at, backup_at }),
            })
        },
    )
}

/// Marks a copy as restored: whoever serves it spends nothing until
/// [`acknowledge`]. Brings the schema up to date.
pub fn mark_restored(options: &SqliteOptions, backup_at: Timestamp) -> Result<(), OpenError> {
    let now = options.clock.now().micros();
    change_at_rest(options, |connection| {
        connection.execute(
            "UPDATE instance SET restored_at = ?, backup_at = ?",
            params![now, backup_at.micros()],
        )?;
        // Who was signed in then may have signed out since.
        connection.execute("DELETE FROM session", [])?;
        Ok(())
    })
}

/// Lets a restored database spend again, in a new epoch. Needs the server
/// stopped. Returns what was acknowledged; `None`: there was nothing to.
pub fn acknowledge(options: &SqliteOptions) -> Result<Option<(Restored, Instance)>, OpenError> {
    let now = options.clock.now();
    change_and_record(options, |connection| {
        let Some(restored) = read(connection)?.restored else {
            return Ok((None, None));
        };
        connection.execute(
            "UPDATE instance SET epoch = epoch + 1, restored_at = NULL, backup_at = NULL",
            [],
        )?;
        let instance = read(connection)?;
        let event = AuditEvent {
            account: None,
            actor: Actor::COMMAND_LINE,
            action: Action::RestoreAcknowledge,
            subject: format!("epoch {}", instance.epoch),
            details: Details::none()
                .with("backup_at", restored.backup_at.to_string())
                .with("restored_at", restored.at.to_string()),
            at: now,
        };
        Ok((Some((restored, instance)), Some(event)))
    })
}
