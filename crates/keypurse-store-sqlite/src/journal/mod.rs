//! The journal's records: open holds, floors and finished calls, packed into
//! one row a batch.
//!
//! Invariant: every record is self-sufficient. Whatever has been trimmed, a
//! hold can be resolved and a finished call's row be written from its record
//! alone.

mod read;
mod write;

use keypurse_core::time::Timestamp;

pub(crate) use read::{OpenCall, Replay};
pub(crate) use write::{write_finished, write_floor, write_hold};

const HOLD: u8 = 1;
const FLOOR: u8 = 2;
const GROWN: u8 = 3;
/// Of earlier versions: [`FIRST_NUMBERS`](crate::call_row::FIRST_NUMBERS)
/// numbers.
const FIRST_FINISHED: u8 = 4;
/// Says how many numbers follow; all others are 0.
const FINISHED: u8 = 5;
/// What [`GROWN`] tells, and what the floor pays for: how many counts follow;
/// all others are 0.
const COVERED: u8 = 6;

const DRAWS_ON_TOKEN: u8 = 1;
const OVERDRAWN: u8 = 2;
const STREAMED: u8 = 4;
const OPEN: u8 = 8;
const BY_TOKEN: u8 = 16;
const REHEARSED: u8 = 32;

/// What a call's row will say, known when its hold was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HeldCall {
    pub(crate) model_id: i64,
    pub(crate) price_id: i64,
    pub(crate) feature: u8,
    pub(crate) streamed: bool,
    pub(crate) started_at: Timestamp,
}

#[cfg(test)]
mod tests;
