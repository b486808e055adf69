//! The store on real files: promises, crashes, books.
#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

mod harness;

mod audit_log;
mod backup;
mod conformance;
mod corruption;
mod late_balances;
mod line_order;
mod noted;
mod power_failure;
mod recovery;
mod retention;
mod start;
mod usage;
mod write_back;
mod writer_panic;
