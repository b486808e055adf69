//! What is written is read back, and what is torn is noticed.

use keypurse_core::id::{AccountId, CallId, TokenId};
use keypurse_core::ledger::Hold;
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;
use keypurse_core::usage::{Certainty, TokenCounts, Units};
use keypurse_store::CallState;

use super::{
    FINISHED, FIRST_FINISHED, FLOOR, GROWN, HeldCall, OpenCall, Replay, write_finished,
    write_floor, write_hold,
};
use crate::call_row::{CallRow, FIRST_NUMBERS};
use crate::varint;

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
        rehearsed: true,
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

fn finished(id: i64) -> CallRow {
    let (hold, held_call) = sample();
    CallRow {
        call: call(id),
        line: 77,
        account: hold.account,
        token: hold.token,
        held_call,
        status: 200,
        state: CallState::Settled,
        certainty: Certainty::Estimated,
        counts: TokenCounts {
            input: 10,
            cached_input: 1,
            output: 20,
            reasoning: 2,
            ..TokenCounts::default()
        },
        held: hold.amount,
        cost: Money::from_nanos(120),
        charged: Money::from_nanos(100),
        from_token: true,
        rehearsed: true,
        balance_after: Money::from_nanos(-5),
        account_after: Money::from_nanos(i64::MIN + 1),
        finished_at: Timestamp::from_micros(9),
    }
}

fn open_at(hold: Hold, covered: TokenCounts) -> OpenCall {
    OpenCall {
        hold,
        call: sample().1,
        covered,
    }
}

fn output(tokens: u64) -> TokenCounts {
    TokenCounts {
        output: tokens,
        ..TokenCounts::default()
    }
}

fn replayed(records: &[u8]) -> Option<Replay> {
    let mut replay = Replay::default();
    replay.read(1, records)?;
    Some(replay)
}

fn at(floor: i64, amount: i64) -> Hold {
    Hold {
        floor: Some(Money::from_nanos(floor)),
        amount: Money::from_nanos(amount),
        ..sample().0
    }
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
    write_floor(&mut records, call(1), &at(40, 100), &output(40));
    write_floor(&mut records, call(1), &at(30, 100), &output(30));
    write_floor(&mut records, call(9), &at(30, 100), &output(30));
    let holds = replayed(&records).unwrap().holds;
    assert_eq!(holds[&call(1)], open_at(at(40, 100), output(40)));
    assert_eq!(holds[&call(2)], open_at(by_account, TokenCounts::default()));
    assert_eq!(holds.len(), 2);
}

#[test]
fn a_hold_that_grew_is_read_back_as_large_as_it_was() {
    let (hold, held) = sample();
    let mut records = Vec::new();
    write_hold(&mut records, call(1), &hold, &held);
    let grown = Hold {
        overdrawn: true,
        ..at(150, 150)
    };
    write_floor(&mut records, call(1), &grown, &output(150));
    let expected = open_at(grown, output(150));
    assert_eq!(replayed(&records).unwrap().holds[&call(1)], expected);
}

#[test]
fn a_hold_that_is_written_again_keeps_its_floor_and_what_that_pays_for() {
    let (hold, held) = sample();
    let mut records = Vec::new();
    write_hold(&mut records, call(1), &hold, &held);
    write_floor(&mut records, call(1), &at(40, 100), &output(40));
    let mut again = Vec::new();
    write_hold(&mut again, call(1), &at(40, 100), &held);
    write_floor(&mut again, call(1), &at(40, 100), &output(40));
    let before = replayed(&records).unwrap().holds;
    assert_eq!(replayed(&again).unwrap().holds, before);
    records.extend(again);
    assert_eq!(replayed(&records).unwrap().holds, before);
}

#[test]
fn a_finished_call_is_read_back_whole_and_ends_its_hold() {
    let (hold, held) = sample();
    let mut records = Vec::new();
    write_hold(&mut records, call(1), &hold, &held);
    write_finished(&mut records, &finished(1));
    let by_account = CallRow {
        token: None,
        ..finished(2)
    };
    write_finished(&mut records, &by_account);
    let mut of_units = finished(3);
    of_units.counts.units = Units {
        characters: 4096,
        input_seconds: 3,
        output_seconds: 2,
        images: 1,
    };
    write_finished(&mut records, &of_units);
    let replay = replayed(&records).unwrap();
    assert!(replay.holds.is_empty());
    let expected = [(1, finished(1)), (1, by_account), (1, of_units)];
    assert_eq!(replay.finished, expected);
}

#[test]
fn finished_calls_of_earlier_versions_are_still_read() {
    let mut records = vec![FIRST_FINISHED];
    for number in &finished(1).to_numbers()[..FIRST_NUMBERS] {
        varint::write(&mut records, *number);
    }
    write_finished(&mut records, &finished(2));
    let finishes = replayed(&records).unwrap().finished;
    assert_eq!(finishes, [(1, finished(1)), (1, finished(2))]);
}

#[test]
fn floors_of_earlier_versions_are_still_read() {
    let (hold, held) = sample();
    for (head, rest, amount) in [
        (&[FLOOR][..], &[40_i64][..], 100),
        (&[GROWN, 0], &[40, 120], 120),
    ] {
        let mut records = Vec::new();
        write_hold(&mut records, call(1), &hold, &held);
        records.extend(head);
        for number in [1, -1].iter().chain(rest) {
            records.extend(number.to_le_bytes());
        }
        let expected = open_at(at(40, amount), TokenCounts::default());
        assert_eq!(replayed(&records).unwrap().holds[&call(1)], expected);
    }
}

#[test]
fn a_torn_record_is_noticed() {
    let (hold, held) = sample();
    let (mut holds, mut floors, mut finishes) = (Vec::new(), Vec::new(), Vec::new());
    write_hold(&mut holds, call(1), &hold, &held);
    write_floor(&mut floors, call(1), &at(1, 2), &output(1));
    write_finished(&mut finishes, &finished(1));
    for records in [holds, floors, finishes] {
        for length in 1..records.len() {
            assert!(replayed(&records[..length]).is_none(), "{length} bytes");
        }
    }
    assert!(replayed(&[7]).is_none());
    assert!(replayed(&[FINISHED, u8::MAX]).is_none());
}
