//! Records, as they are stored.

use std::path::Path;

use keypurse_core::id::AccountId;
use keypurse_core::time::Timestamp;
use keypurse_store::{Action, AuditHead, AuditPage, AuditRecord};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::open::open_reader;

pub(super) const COLUMNS: &str =
    "seq, at, account_id, actor, address, action, subject, details, hash";

pub(super) fn record(row: &Row<'_>) -> rusqlite::Result<AuditRecord> {
    Ok(AuditRecord {
        seq: row.get(0)?,
        at: Timestamp::from_micros(row.get(1)?),
        account: row.get::<_, Option<i64>>(2)?.map(AccountId),
        actor: row.get(3)?,
        address: row.get(4)?,
        action: row.get(5)?,
        subject: row.get(6)?,
        details: row.get(7)?,
        hash: row.get(8)?,
    })
}

/// Where the log ends.
pub(crate) fn head(connection: &Connection) -> rusqlite::Result<AuditHead> {
    let last = connection
        .prepare_cached("SELECT seq, hash FROM audit_log ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| {
            Ok(AuditHead {
                seq: row.get(0)?,
                hash: row.get(1)?,
            })
        })
        .optional()?;
    Ok(last.unwrap_or(AuditHead::EMPTY))
}

/// A page of an account's records. Those of the installation are the first
/// account's.
pub(crate) fn page(
    connection: &Connection,
    page: &AuditPage,
) -> rusqlite::Result<Vec<AuditRecord>> {
    let sql = format!(
        "SELECT * FROM (SELECT {COLUMNS} FROM audit_log
             WHERE account_id = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT ?3)
         UNION ALL
         SELECT * FROM (SELECT {COLUMNS} FROM audit_log
             WHERE account_id IS NULL AND seq < ?2
                 AND ?1 = (SELECT min(id) FROM account) ORDER BY seq DESC LIMIT ?3)
         ORDER BY seq DESC LIMIT ?3"
    );
    let before = page.before.unwrap_or(i64::MAX);
    let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
    connection
        .prepare_cached(&sql)?
        .query_map(params![page.account.0, before, limit], record)?
        .collect()
}

/// The newest record of an action that concerns the installation.
pub(crate) fn last_of(
    connection: &Connection,
    action: Action,
) -> rusqlite::Result<Option<AuditRecord>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM audit_log WHERE account_id IS NULL AND action = ?
         ORDER BY seq DESC LIMIT 1"
    );
    connection
        .prepare_cached(&sql)?
        .query_row([action.as_str()], record)
        .optional()
}

/// The newest records of all accounts, oldest first; works beside a live
/// server.
pub fn audit_records(path: &Path, limit: usize) -> rusqlite::Result<Vec<AuditRecord>> {
    let sql = format!("SELECT {COLUMNS} FROM audit_log ORDER BY seq DESC LIMIT ?");
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let connection = open_reader(path)?;
    let mut newest = connection.prepare(&sql)?;
    let mut records = newest
        .query_map([limit], record)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    records.reverse();
    Ok(records)
}
