//! What is set aside, and what is refused.

use super::script::check;
use super::*;

#[test]
fn l2_a_hold_is_clamped_to_what_is_available_and_never_below_the_least() {
    check(
        Overdraft::Clamp,
        100,
        "hold h1 160 least 20  -> held 100, available 0
         hold h2 160 least 20  -> 429 held 100, available 0
         settle h1 85          -> charged 85 house 0, available 15
         hold h3 160 least 20  -> 402 needs 20, available 15
         hold h4 160 least 15  -> held 15, available 0",
    );
}

#[test]
fn refuse_does_not_clamp() {
    check(
        Overdraft::Refuse,
        100,
        "hold h1 101 least 1   -> 402 needs 101, available 100
         hold h2 100 least 1   -> held 100, available 0
         hold h3 1             -> 429 held 100, available 0",
    );
}

#[test]
fn allow_lets_one_call_at_a_time_go_beyond() {
    check(
        Overdraft::Allow,
        10,
        "hold h1 100           -> held 100, available -90
         hold h2 1             -> 429 held 100, available -90
         settle h1 120         -> charged 120 house 0, available -110
         hold h3 1             -> 402 needs 1, available -110",
    );
}

#[test]
fn l2_a_call_holds_anew_what_its_next_model_costs_or_what_it_held() {
    check(
        Overdraft::Clamp,
        100,
        "hold h1 60            -> held 60, available 40
         again h1 90 least 90  -> held 90, available 10
         again h1 20 least 20  -> held 20, available 80
         again h1 300 least 50 -> held 100, available 0
         again h1 300 least 120 -> 402 needs 120, available 0
         settle h1 30          -> charged 30 house 0, available 70
         again h1 10 least 10  -> not held, available 70
         hold h2 60            -> held 60, available 10
         open h2 5             -> floor 5, available 10
         again h2 10 least 10  -> not held, available 10
         settle h2 5           -> charged 5 house 0, available 65",
    );
    check(
        Overdraft::Allow,
        10,
        "hold h1 50            -> held 50, available -40
         again h1 70 least 1   -> held 70, available -60
         hold h2 1             -> 429 held 70, available -60
         void h1               -> charged 0, available 10
         hold h2 1             -> held 1, available 9",
    );
}

#[test]
fn a_free_call_needs_no_money() {
    check(
        Overdraft::Clamp,
        0,
        "hold h1 0             -> held 0, available 0
         hold h2 1             -> 402 needs 1, available 0
         settle h1 0           -> charged 0 house 0, available 0",
    );
}

#[test]
fn the_account_purse_is_drawn_on_with_the_tokens() {
    let mut ledger = ledger_with(&settings(Overdraft::Clamp), 100);
    ledger.accounts.get_mut(&ACCOUNT).unwrap().unlimited = false;
    ledger.accounts.get_mut(&ACCOUNT).unwrap().purse.balance = Money::from_nanos(30);
    let error = ledger.hold(&request(1, 60, 40), at(0)).unwrap_err();
    let HoldError::Insufficient(short) = error else {
        panic!("{error:?}")
    };
    assert_eq!(short.purse, PurseId::Account(ACCOUNT));
    assert_eq!(
        ledger.token(TOKEN).unwrap().purse.held,
        Money::ZERO,
        "neither purse changed"
    );
    let granted = ledger.hold(&request(2, 60, 20), at(0)).unwrap();
    assert_eq!(
        granted.amount,
        Money::from_nanos(30),
        "clamped by the smaller purse"
    );
    ledger
        .settle(call(2), Money::from_nanos(25), at(0))
        .unwrap();
    assert_eq!(
        ledger.account(ACCOUNT).unwrap().purse.balance,
        Money::from_nanos(5)
    );
    assert_eq!(
        ledger.token(TOKEN).unwrap().purse.balance,
        Money::from_nanos(75)
    );
}

#[test]
fn allow_needs_some_money_to_go_beyond() {
    check(
        Overdraft::Allow,
        0,
        "hold h1 1             -> 402 needs 1, available 0
         adjust 1              -> adjusted, available 1
         hold h2 5             -> held 5, available -4",
    );
}

#[test]
fn a_call_the_balance_covers_is_not_the_one_that_goes_beyond() {
    check(
        Overdraft::Allow,
        100,
        "hold h1 60            -> held 60, available 40
         hold h2 100           -> held 100, available -60
         adjust 400            -> adjusted, available 240
         hold h3 300           -> 429 held 160, available 240
         hold h4 240           -> held 240, available 0
         adjust 500            -> adjusted, available 100
         settle h2 100         -> charged 100 house 0, available 100
         hold h5 300           -> held 300, available -200",
    );
}

#[test]
fn beside_one_that_goes_beyond_others_are_clamped_to_what_is_there() {
    check(
        Overdraft::Allow,
        10,
        "hold h1 100           -> held 100, available -90
         adjust 150            -> adjusted, available 50
         hold h2 80 least 51   -> 429 held 100, available 50
         hold h3 80 least 20   -> held 50, available 0
         settle h1 100         -> charged 100 house 0, available 0
         settle h3 10          -> charged 10 house 0, available 40
         hold h4 80            -> held 80, available -40",
    );
}

#[test]
fn a_call_that_the_accounts_purse_keeps_within_the_tokens_does_not_go_beyond() {
    let mut ledger = ledger_with(&settings(Overdraft::Allow), 20);
    ledger.accounts.get_mut(&ACCOUNT).unwrap().unlimited = false;
    ledger.accounts.get_mut(&ACCOUNT).unwrap().purse.balance = Money::from_nanos(15);
    let within = ledger.hold(&request(1, 60, 5), at(0)).unwrap();
    assert_eq!((within.budget.nanos(), within.overdrawn), (15, false));
    ledger.accounts.get_mut(&ACCOUNT).unwrap().purse.balance = Money::from_nanos(100);
    let beyond = ledger.hold(&request(2, 60, 5), at(0)).unwrap();
    assert_eq!((beyond.budget.nanos(), beyond.overdrawn), (60, true));
}

#[test]
fn a_call_for_exactly_the_balance_does_not_go_beyond() {
    check(
        Overdraft::Allow,
        100,
        "hold h1 100           -> held 100, available 0
         adjust 150            -> adjusted, available 50
         hold h2 90            -> held 90, available -40",
    );
}

#[test]
fn what_is_missing_is_told_exactly() {
    let mut ledger = ledger_with(&settings(Overdraft::Clamp), 100);
    ledger.hold(&request(1, 70, 70), at(0)).unwrap();
    let short = |needed: i64| Short {
        purse: PurseId::Token(TOKEN),
        needed: Money::from_nanos(needed),
        available: Money::from_nanos(30),
        held: Money::from_nanos(70),
    };
    let on_hold = ledger.hold(&request(2, 200, 31), at(0));
    assert_eq!(on_hold, Err(HoldError::OnHold(short(31))));
    let on_hold = ledger.hold(&request(2, 200, 100), at(0));
    assert_eq!(on_hold, Err(HoldError::OnHold(short(100))));
    let gone = ledger.hold(&request(2, 200, 101), at(0));
    assert_eq!(gone, Err(HoldError::Insufficient(short(101))));
}

#[test]
fn a_floor_never_falls_and_never_exceeds_the_hold() {
    let mut ledger = ledger_with(&settings(Overdraft::Clamp), 100);
    ledger.hold(&request(1, 60, 60), at(0)).unwrap();
    ledger.hold(&request(2, 40, 40), at(0)).unwrap();
    let floor = |ledger: &Ledger| ledger.open_hold(call(1)).unwrap().floor.map(Money::nanos);
    assert_eq!(floor(&ledger), None, "nothing was delivered yet");
    for (raised, expected) in [(0, 0), (20, 20), (10, 20), (60, 60)] {
        let reached = ledger.open(call(1), Money::from_nanos(raised));
        assert_eq!(reached.map(Money::nanos), Some(expected));
        assert_eq!(floor(&ledger), Some(expected));
    }
    let beyond = ledger.open(call(1), Money::from_nanos(70));
    assert_eq!(beyond.map(Money::nanos), Some(60), "no money is left");
    assert_eq!(ledger.open(call(3), Money::ZERO), None, "never granted");
}

#[test]
#[should_panic(expected = "a call id is used once")]
fn a_call_holds_once() {
    let mut ledger = ledger_with(&settings(Overdraft::Clamp), 100);
    ledger.hold(&request(1, 1, 1), at(0)).unwrap();
    let _ = ledger.hold(&request(1, 1, 1), at(0));
}
