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

mod audit;
mod books;
mod credentials;
mod export;
mod journal;
mod migrations;
mod open;
mod readers;
mod recover;
mod rows;
mod store;
mod writer;

pub use audit::{AuditError, AuditReport, audit};
pub use books::{BookedEntry, BookedPurse, entries, open_calls, purses};
pub use export::{CallState, FinishedCall, finished_calls};
pub use open::{OpenError, SqliteOptions};
pub use store::SqliteStore;
