//! How records are read.

use std::collections::HashMap;

use keypurse_core::id::{AccountId, CallId, TokenId};
use keypurse_core::ledger::Hold;
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;
use keypurse_core::usage::{COUNTS, TokenCounts};

use super::{
    BY_TOKEN, COVERED, DRAWS_ON_TOKEN, FINISHED, FIRST_FINISHED, FLOOR, GROWN, HOLD, HeldCall,
    OPEN, OVERDRAWN, REHEARSED, STREAMED,
};
use crate::call_row::{CallRow, FIRST_NUMBERS, NUMBERS};
use crate::varint;

/// A call whose hold nobody resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OpenCall {
    pub(crate) hold: Hold,
    pub(crate) call: HeldCall,
    /// What its floor pays for.
    pub(crate) covered: TokenCounts,
}

/// What the journal tells, read from its first row to its last.
#[derive(Debug, Default)]
pub(crate) struct Replay {
    /// Calls under way.
    pub(crate) holds: HashMap<CallId, OpenCall>,
    /// Finished calls and the journal row each is in, oldest first. Some have
    /// their rows already.
    pub(crate) finished: Vec<(i64, CallRow)>,
}

impl Replay {
    /// Takes in the records of row `seq`. `None`: they make no sense.
    pub(crate) fn read(&mut self, seq: i64, mut records: &[u8]) -> Option<()> {
        while let Some((tag, rest)) = records.split_first() {
            records = rest;
            match *tag {
                HOLD => {
                    let (call, open) = read_hold(&mut records)?;
                    self.holds.insert(call, open);
                }
                FLOOR => {
                    // As written before holds could grow.
                    let [ordered, random, floor] = numbers(&mut records)?;
                    self.raise(CallId { ordered, random }, floor, TokenCounts::default());
                }
                GROWN | COVERED => {
                    let (flags, rest) = records.split_first()?;
                    records = rest;
                    let [ordered, random, floor, amount] = numbers(&mut records)?;
                    let covered = match *tag {
                        COVERED => read_counts(&mut records)?,
                        _ => TokenCounts::default(),
                    };
                    if let Some(open) = self.raise(CallId { ordered, random }, floor, covered) {
                        open.hold.amount = Money::from_nanos(amount);
                        open.hold.overdrawn = flags & OVERDRAWN != 0;
                    }
                }
                FIRST_FINISHED => {
                    self.finish(seq, &read_finished(&mut records, FIRST_NUMBERS)?);
                }
                FINISHED => {
                    let length = read_length(&mut records)?;
                    self.finish(seq, &read_finished(&mut records, length)?);
                }
                _ => return None,
            }
        }
        Some(())
    }

    fn finish(&mut self, seq: i64, row: &CallRow) {
        self.holds.remove(&row.call);
        self.finished.push((seq, *row));
    }

    /// A floor whose hold is gone belongs to a resolved call.
    fn raise(&mut self, call: CallId, floor: i64, covered: TokenCounts) -> Option<&mut OpenCall> {
        let open = self.holds.get_mut(&call)?;
        let floor = Money::from_nanos(floor);
        // A hold that is written again has its floor already.
        if open.hold.floor.is_none_or(|known| known <= floor) {
            open.hold.floor = Some(floor);
            open.covered = covered;
        }
        Some(open)
    }
}

fn read_hold(records: &mut &[u8]) -> Option<(CallId, OpenCall)> {
    let (head, rest) = records.split_at_checked(2)?;
    *records = rest;
    let (flags, feature) = (head[0], head[1]);
    let [
        ordered,
        random,
        account,
        token,
        amount,
        floor,
        model_id,
        price_id,
        started_at,
    ] = numbers(records)?;
    let is = |bit: u8| flags & bit != 0;
    let hold = Hold {
        account: AccountId(account),
        token: is(BY_TOKEN).then_some(TokenId(token)),
        amount: Money::from_nanos(amount),
        draws_on_token: is(DRAWS_ON_TOKEN),
        rehearsed: is(REHEARSED),
        overdrawn: is(OVERDRAWN),
        floor: is(OPEN).then_some(Money::from_nanos(floor)),
    };
    let call = HeldCall {
        model_id,
        price_id,
        feature,
        streamed: is(STREAMED),
        started_at: Timestamp::from_micros(started_at),
    };
    let covered = TokenCounts::default();
    let open = OpenCall {
        hold,
        call,
        covered,
    };
    Some((CallId { ordered, random }, open))
}

fn read_counts(records: &mut &[u8]) -> Option<TokenCounts> {
    let length = read_length(records)?;
    let mut counts = [0; COUNTS];
    for count in counts.get_mut(..length)? {
        *count = u64::try_from(varint::read(records)?).ok()?;
    }
    TokenCounts::from_array(counts)
}

fn read_length(records: &mut &[u8]) -> Option<usize> {
    let (length, rest) = records.split_first()?;
    *records = rest;
    Some(usize::from(*length))
}

fn read_finished(records: &mut &[u8], length: usize) -> Option<CallRow> {
    let mut numbers = [0; NUMBERS];
    for number in numbers.get_mut(..length)? {
        *number = varint::read(records)?;
    }
    CallRow::from_numbers(&numbers)
}

fn numbers<const N: usize>(records: &mut &[u8]) -> Option<[i64; N]> {
    let mut numbers = [0; N];
    for number in &mut numbers {
        let (bytes, rest) = records.split_first_chunk::<8>()?;
        *number = i64::from_le_bytes(*bytes);
        *records = rest;
    }
    Some(numbers)
}
