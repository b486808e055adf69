//! Records as JSON.

use keypurse_store::{AuditHead, AuditRecord, StoreError};
use serde::Serialize;
use serde_json::value::RawValue;

/// A page of the log, newest first.
#[derive(Debug, Serialize)]
pub(super) struct Page<'a> {
    entries: Vec<Entry<'a>>,
    /// What to send as `cursor` for the next page; null: there is none.
    next_cursor: Option<String>,
}

#[derive(Debug, Serialize)]
struct Entry<'a> {
    seq: i64,
    at: String,
    actor: &'a str,
    address: Option<&'a str>,
    action: &'a str,
    subject: &'a str,
    details: Box<RawValue>,
    hash: String,
}

impl<'a> Page<'a> {
    pub(super) fn of(records: &'a [AuditRecord], next: Option<i64>) -> Result<Self, StoreError> {
        let entries: Result<Vec<_>, _> = records.iter().map(Entry::of).collect();
        Ok(Self {
            entries: entries?,
            next_cursor: next.map(|place| place.to_string()),
        })
    }
}

impl<'a> Entry<'a> {
    fn of(record: &'a AuditRecord) -> Result<Self, StoreError> {
        let AuditRecord { seq, hash, .. } = *record;
        let details = RawValue::from_string(record.details.clone());
        let unreadable = |_| StoreError::Corrupt(format!("record {seq} of the audit log"));
        Ok(Self {
            seq,
            at: record.at.to_string(),
            actor: &record.actor,
            address: record.address.as_deref(),
            action: &record.action,
            subject: &record.subject,
            details: details.map_err(unreadable)?,
            hash: AuditHead { seq, hash }.hex(),
        })
    }
}
