//! How records are written.

use keypurse_core::id::CallId;
use keypurse_core::ledger::Hold;
use keypurse_core::usage::TokenCounts;

use super::{
    BY_TOKEN, COVERED, DRAWS_ON_TOKEN, FINISHED, HOLD, HeldCall, OPEN, OVERDRAWN, REHEARSED,
    STREAMED,
};
use crate::call_row::{CallRow, count};
use crate::varint;

/// Appends a hold as it stands, floor included. What that pays for is told by
/// [`write_floor`].
pub(crate) fn write_hold(records: &mut Vec<u8>, call: CallId, hold: &Hold, held: &HeldCall) {
    let flags = flag(hold.draws_on_token, DRAWS_ON_TOKEN)
        | flag(hold.overdrawn, OVERDRAWN)
        | flag(hold.rehearsed, REHEARSED)
        | flag(held.streamed, STREAMED)
        | flag(hold.floor.is_some(), OPEN)
        | flag(hold.token.is_some(), BY_TOKEN);
    records.extend([HOLD, flags, held.feature]);
    for number in [
        call.ordered,
        call.random,
        hold.account.0,
        hold.token.map_or(0, |token| token.0),
        hold.amount.nanos(),
        hold.floor.unwrap_or_default().nanos(),
        held.model_id,
        held.price_id,
        held.started_at.micros(),
    ] {
        records.extend(number.to_le_bytes());
    }
}

/// Appends a raised floor and what it pays for, and the hold that may have
/// grown with it.
pub(crate) fn write_floor(records: &mut Vec<u8>, call: CallId, hold: &Hold, covered: &TokenCounts) {
    let floor = hold.floor.unwrap_or_default().nanos();
    let flags = flag(hold.overdrawn, OVERDRAWN);
    records.extend([COVERED, flags]);
    for number in [call.ordered, call.random, floor, hold.amount.nanos()] {
        records.extend(number.to_le_bytes());
    }
    write_numbers(records, &covered.to_array().map(count));
}

/// Appends a finished call.
pub(crate) fn write_finished(records: &mut Vec<u8>, row: &CallRow) {
    records.push(FINISHED);
    write_numbers(records, &row.to_numbers());
}

/// Appends how many numbers there are up to the last that is not 0, and these.
fn write_numbers(records: &mut Vec<u8>, numbers: &[i64]) {
    let last = numbers.iter().rposition(|number| *number != 0);
    let length = last.map_or(0, |last| last + 1);
    records.push(u8::try_from(length).expect("there are few numbers"));
    for number in &numbers[..length] {
        varint::write(records, *number);
    }
}

const fn flag(is_set: bool, bit: u8) -> u8 {
    if is_set { bit } else { 0 }
}
