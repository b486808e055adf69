//! Reports: sums over calls, written with the calls' rows and read beside the
//! writer.
//!
//! A call is summed by its hour first (`usage_fresh`), in the transaction that
//! writes its row. When the hour is over, its sums move on into those of hours,
//! days and months. So a call costs the writer one row of sums at most, and a
//! report adds what has moved on, what is fresh, and the calls that have no row
//! yet. See `docs/adr/0007-sums-move-on-when-their-hour-is-over.md`.

mod calls;
mod costs;
mod days;
mod fold;
#[cfg(feature = "generate")]
mod generate;
mod groups;
mod labels;
mod names;
mod prove;
mod read;
mod rows;
mod shelf;
mod start;
mod sums;
mod tables;

pub(crate) use calls::calls;
pub(crate) use costs::costs;
pub(crate) use days::Days;
pub(crate) use fold::Folding;
#[cfg(feature = "generate")]
pub use generate::{MadeUpUsage, make_up_usage};
pub(crate) use labels::labels;
pub(crate) use prove::Prover;
pub(crate) use read::usage;
pub(crate) use rows::Gathered;
pub(crate) use start::begin;
