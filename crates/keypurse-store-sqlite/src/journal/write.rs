//! How records are written.

use keypurse_core::id::CallId;
use keypurse_core::ledger::Hold;

use super::{
    BY_TOKEN, DRAWS_ON_TOKEN, FINISHED, GROWN, HOLD, HeldCall, OPEN, OVERDRAWN, REHEARSED, STREAMED,
};
use crate::call_row::CallRow;
use crate::varint;

/// Appends a hold as it stands, floor included.
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

/// Appends a raised floor, and the hold that may have grown with it.
pub(crate) fn write_floor(records: &mut Vec<u8>, call: CallId, hold: &Hold) {
    let floor = hold.floor.unwrap_or_default().nanos();
    let flags = flag(hold.overdrawn, OVERDRAWN);
    records.extend([GROWN, flags]);
    for number in [call.ordered, call.random, floor, hold.amount.nanos()] {
        records.extend(number.to_le_bytes());
    }
}

/// Appends a finished call: its numbers up to the last that is not 0.
pub(crate) fn write_finished(records: &mut Vec<u8>, row: &CallRow) {
    let numbers = row.to_numbers();
    let last = numbers.iter().rposition(|number| *number != 0);
    let length = last.map_or(0, |last| last + 1);
    records.push(FINISHED);
    records.push(u8::try_from(length).expect("a call is few numbers"));
    for number in &numbers[..length] {
        varint::write(records, *number);
    }
}

const fn flag(is_set: bool, bit: u8) -> u8 {
    if is_set { bit } else { 0 }
}
