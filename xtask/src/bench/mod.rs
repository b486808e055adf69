//! `cargo xtask bench`: what a budgeted, durable, settled call costs, beside a
//! bare proxy of the same stack and nginx; what the ledger alone does, beside
//! PostgreSQL; what a large installation needs; and how long reports take. Each
//! part in one run.
//!
//! The gateway under measurement has CPU 1 to itself; upstream and load share
//! CPU 0. Rounds are interleaved, so a busy minute of the machine hits
//! everything alike, and medians are reported.

mod calls;
mod command;
mod fsync_delay;
mod gateways;
mod instructions;
mod latency;
mod ledger;
mod load;
mod measure;
mod million;
mod postgres;
mod proc;
mod report;
mod reports;
mod routes;
mod scale;
mod section;
mod stage;
mod streams;
mod training;

pub(crate) use command::{Options, run};
pub(crate) use training::train;
