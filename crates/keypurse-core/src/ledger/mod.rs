//! The ledger as a pure state machine: what it is told, it decides, in order.
//!
//! A store feeds it one operation at a time, writes the [`Changes`] and answers
//! only after they are on disk. The ledger never reads a clock or a disk, so
//! the same code decides in production, in tests and in a simulation.
//!
//! Invariants, asserted in release too:
//! - `available = balance − held`, and `held` is the sum of open holds (L1);
//! - no hold takes `available` below zero, unless its token allows it (L2);
//! - a hold resolves once (L6);
//! - what was used beyond hold and balance goes to the house (L9);
//! - nothing is admitted after deletion, rotation or expiry (L11).

mod changes;
mod hold;
mod purse;
mod settle;
mod state;
mod top_up;

pub use changes::{Changes, Entry, EntryKind, PurseId};
pub use hold::{Admission, Hold, HoldError, HoldRequest, Short, TokenUse};
pub use purse::{AccountState, Purse, SecretState, TokenState};
pub use settle::{Charge, SettleError};
pub use state::Ledger;
pub use top_up::{MAX_NOTE_CHARS, Note, NoteError, TopUp, TopUpError};

#[cfg(test)]
mod tests;
