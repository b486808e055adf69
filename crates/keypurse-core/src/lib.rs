//! The rules of Keypurse: money, prices, tokens and the ledger that decides.
//!
//! Everything here computes from values it is given: no I/O, no clock, no
//! randomness, no async, no wire format. What happens when it fails: errors
//! are small enums in order of precedence; a broken invariant panics, because
//! a ledger that stops is better than one that is wrong.
#![deny(clippy::float_arithmetic)]

pub mod money;
pub mod price;
pub mod usage;

pub mod entropy;
pub mod id;
pub mod time;

pub mod period;
pub mod rules;
pub mod secret;
pub mod token;

pub mod ledger;

pub mod alert;
