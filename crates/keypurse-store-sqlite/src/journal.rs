//! The journal's records: open holds and floors, packed into one row a batch.
//!
//! Invariant: a hold's record is self-sufficient. Whatever has been trimmed,
//! it can be resolved from its record alone.

use std::collections::HashMap;

use keypurse_core::id::{AccountId, CallId, TokenId};
use keypurse_core::ledger::Hold;
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;

const HOLD: u8 = 1;
const FLOOR: u8 = 2;

const DRAWS_ON_TOKEN: u8 = 1;
const OVERDRAWN: u8 = 2;
const STREAMED: u8 = 4;
const OPEN: u8 = 8;
const BY_TOKEN: u8 = 16;

/// What a call's row will say, known when its hold was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HeldCall {
    pub(crate) model_id: i64,
    pub(crate) price_id: i64,
    pub(crate) feature: u8,
    pub(crate) streamed: bool,
    pub(crate) started_at: Timestamp,
}

/// Appends a hold as it stands, floor included.
pub(crate) fn write_hold(records: &mut Vec<u8>, call: CallId, hold: &Hold, held: &HeldCall) {
    let flags = flag(hold.draws_on_token, DRAWS_ON_TOKEN)
        | flag(hold.overdrawn, OVERDRAWN)
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

/// Appends a raised floor.
pub(crate) fn write_floor(records: &mut Vec<u8>, call: CallId, floor: Money) {
    records.push(FLOOR);
    for number in [call.ordered, call.random, floor.nanos()] {
        records.extend(number.to_le_bytes());
    }
}

/// Adds a row's records to the holds read so far. `None`: the row makes no
/// sense.
pub(crate) fn read(
    mut records: &[u8],
    holds: &mut HashMap<CallId, (Hold, HeldCall)>,
) -> Option<()> {
    while let Some((tag, rest)) = records.split_first() {
        records = rest;
        match *tag {
            HOLD => {
                let (call, hold, held) = read_hold(&mut records)?;
                holds.insert(call, (hold, held));
            }
            FLOOR => {
                let [ordered, random, floor] = numbers(&mut records)?;
                // A floor whose hold is gone belongs to a resolved call.
                if let Some((hold, _)) = holds.get_mut(&CallId { ordered, random }) {
                    let floor = Money::from_nanos(floor);
                    hold.floor = Some(hold.floor.map_or(floor, |known| known.max(floor)));
                }
            }
            _ => return None,
        }
    }
    Some(())
}

fn read_hold(records: &mut &[u8]) -> Option<(CallId, Hold, HeldCall)> {
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
        overdrawn: is(OVERDRAWN),
        floor: is(OPEN).then_some(Money::from_nanos(floor)),
    };
    let started_at = Timestamp::from_micros(started_at);
    let held = HeldCall {
        model_id,
        price_id,
        feature,
        streamed: is(STREAMED),
        started_at,
    };
    Some((CallId { ordered, random }, hold, held))
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

const fn flag(is_set: bool, bit: u8) -> u8 {
    if is_set { bit } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(ordered: i64) -> CallId {
        CallId {
            ordered,
            random: -ordered,
        }
    }

    fn sample() -> (Hold, HeldCall) {
        let hold = Hold {
            account: AccountId(1),
            token: Some(TokenId(2)),
            amount: Money::from_nanos(100),
            draws_on_token: true,
            overdrawn: false,
            floor: None,
        };
        let started_at = Timestamp::from_micros(-5);
        (
            hold,
            HeldCall {
                model_id: 3,
                price_id: 4,
                feature: 0,
                streamed: true,
                started_at,
            },
        )
    }

    #[test]
    fn what_is_written_is_read_back_and_floors_only_rise() {
        let (hold, held) = sample();
        let by_account = Hold {
            token: None,
            draws_on_token: false,
            ..hold
        };
        let mut records = Vec::new();
        write_hold(&mut records, call(1), &hold, &held);
        write_hold(&mut records, call(2), &by_account, &held);
        write_floor(&mut records, call(1), Money::from_nanos(40));
        write_floor(&mut records, call(1), Money::from_nanos(30));
        write_floor(&mut records, call(9), Money::from_nanos(30));
        let mut holds = HashMap::new();
        read(&records, &mut holds).unwrap();
        let opened = Hold {
            floor: Some(Money::from_nanos(40)),
            ..hold
        };
        assert_eq!(holds[&call(1)], (opened, held));
        assert_eq!(holds[&call(2)], (by_account, held));
        assert_eq!(holds.len(), 2);
    }

    #[test]
    fn a_torn_record_is_noticed() {
        let (hold, held) = sample();
        let mut records = Vec::new();
        write_hold(&mut records, call(1), &hold, &held);
        for length in 1..records.len() {
            assert_eq!(
                read(&records[..length], &mut HashMap::new()),
                None,
                "{length} bytes"
            );
        }
        assert_eq!(read(&[7], &mut HashMap::new()), None);
    }
}
