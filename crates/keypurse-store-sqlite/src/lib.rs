//! The embedded store: one SQLite file, one writer thread, group commit.
//!
//! The writer owns the write connection and the [`Ledger`] in memory; it takes
//! whatever operations wait, decides them in order, writes what they changed in
//! one transaction and answers after the commit. Nobody else changes a balance,
//! so nothing can drift.
//!
//! What happens when it fails: disk full refuses money and recovers by itself;
//! a failed commit has an unknown outcome, so the process stops and the next
//! start finds out. See `docs/ledger.md`.
//!
//! [`Ledger`]: keypurse_core::ledger::Ledger

mod alerts;
mod audit;
mod audit_log;
mod backup;
mod ballast;
mod books;
mod call_row;
mod credentials;
mod export;
mod further;
mod instance;
mod integrity;
mod journal;
mod keys;
mod migrations;
mod open;
mod readers;
mod recover;
mod rows;
mod search;
mod sessions;
mod statement;
mod store;
mod usage;
mod varint;
mod writer;

pub use audit::{AuditError, AuditReport, audit, audit_aside};
pub use audit_log::{
    AuditKey, AuditLogError, AuditLogReport, audit_log_has_begun, audit_records, replace_audit_key,
    verify_audit_log,
};
pub use backup::{CopyError, copy_database, newest_schema, schema_of, verify};
pub use books::{BookedEntry, BookedPurse, entries, open_calls, purses};
pub use export::{FinishedCall, finished_calls};
pub use instance::{Instance, Restored, acknowledge, instance, mark_restored};
pub use integrity::Damage;
pub use keypurse_store::CallState;
pub use keys::{KeyUsage, abandon_key, key_records, key_usage};
pub use open::{OpenError, SqliteOptions};
pub use store::SqliteStore;
#[cfg(feature = "generate")]
pub use usage::{MadeUpUsage, make_up_usage};
