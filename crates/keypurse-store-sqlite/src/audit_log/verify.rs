//! Proves that the log is as it was written: beside a live server, in one
//! snapshot.

use std::path::Path;

use keypurse_store::{AuditHead, AuditRecord};
use rusqlite::Connection;
use thiserror::Error;

use super::key::{AuditKey, Fingerprint};
use super::read::{COLUMNS, record};
use crate::open::open_reader;

/// A log that is as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditLogReport {
    /// Records whose hash was recomputed.
    pub records: u64,
    /// Where it ends: compare it with the one exported last.
    pub head: AuditHead,
}

/// The log could not be proved.
#[derive(Debug, Error)]
pub enum AuditLogError {
    /// The first record that is not as it was written.
    #[error("record {seq} of the audit log {why}")]
    Broken {
        /// Its place.
        seq: i64,
        /// What is wrong.
        why: String,
    },
    /// The file could not be read.
    #[error("the audit log cannot be read")]
    Sqlite(#[from] rusqlite::Error),
}

/// Recomputes every hash. `keys` are the keys at hand, the current one and
/// those before it; `exported` is a head that was told earlier.
pub fn verify_audit_log(
    path: &Path,
    keys: &[AuditKey],
    exported: Option<AuditHead>,
) -> Result<AuditLogReport, AuditLogError> {
    let connection = open_reader(path)?;
    connection.execute_batch("BEGIN")?;
    let periods = periods(&connection)?;
    let sql = format!("SELECT {COLUMNS} FROM audit_log ORDER BY seq");
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let (mut records, mut last) = (0, AuditHead::EMPTY);
    while let Some(row) = rows.next()? {
        let record = record(row)?;
        let key = key_for(&periods, keys, record.seq);
        last = follows(last, &record, key)?;
        if let Some(exported) = exported
            && exported.seq == last.seq
            && exported.hash != last.hash
        {
            return broken(
                last.seq,
                "is another than the exported head says: rewritten",
            );
        }
        records += 1;
    }
    if let Some(exported) = exported.filter(|exported| exported.seq > last.seq) {
        let why = format!(
            "is missing: there were {} when the head was exported",
            exported.seq
        );
        return broken(last.seq + 1, why);
    }
    Ok(AuditLogReport {
        records,
        head: last,
    })
}

fn broken<T>(seq: i64, why: impl Into<String>) -> Result<T, AuditLogError> {
    let why = why.into();
    Err(AuditLogError::Broken { seq, why })
}

/// Which key serves from which record on.
fn periods(connection: &Connection) -> rusqlite::Result<Vec<(i64, Fingerprint)>> {
    connection
        .prepare("SELECT since, fingerprint FROM audit_key ORDER BY id DESC")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

fn key_for<'a>(
    periods: &[(i64, Fingerprint)],
    keys: &'a [AuditKey],
    seq: i64,
) -> Option<&'a AuditKey> {
    let (_, fingerprint) = periods.iter().find(|(since, _)| *since <= seq)?;
    keys.iter().find(|key| key.fingerprint() == *fingerprint)
}

fn follows(
    last: AuditHead,
    record: &AuditRecord,
    key: Option<&AuditKey>,
) -> Result<AuditHead, AuditLogError> {
    let seq = last.seq + 1;
    if record.seq != seq {
        return broken(
            seq,
            format!("is missing: {} follows {}", record.seq, last.seq),
        );
    }
    let Some(key) = key else {
        return broken(seq, "was written under a key that is not at hand");
    };
    if key.link(&last.hash, record) != record.hash {
        return broken(seq, "is not as it was written, or not in its place");
    }
    Ok(AuditHead {
        seq,
        hash: record.hash,
    })
}
