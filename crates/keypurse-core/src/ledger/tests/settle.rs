//! What is charged.

use super::script::check;
use super::*;

#[test]
fn l6_a_hold_resolves_once() {
    check(
        Overdraft::Clamp,
        100,
        "hold h1 60            -> held 60, available 40
         hold h2 60            -> 429 held 60, available 40
         settle h1 25          -> charged 25 house 0, available 75
         settle h1 25          -> NotOpen, available 75
         void h1               -> NotOpen, available 75
         hold h3 75            -> held 75, available 0
         void h3               -> charged 0, available 75
         hold h4 76            -> 402 needs 76, available 75",
    );
}

#[test]
fn l9_what_exceeds_hold_and_balance_goes_to_the_house() {
    check(
        Overdraft::Clamp,
        100,
        "hold h1 60            -> held 60, available 40
         hold h2 30            -> held 30, available 10
         settle h1 90          -> charged 70 house 20, available 0
         settle h2 30          -> charged 30 house 0, available 0",
    );
}

#[test]
fn an_operator_may_lower_the_balance_and_open_holds_are_still_charged_in_full() {
    check(
        Overdraft::Clamp,
        100,
        "hold h1 60            -> held 60, available 40
         adjust 10             -> adjusted, available -50
         hold h2 1             -> 429 held 60, available -50
         settle h1 60          -> charged 60 house 0, available -50
         hold h3 1             -> 402 needs 1, available -50",
    );
}

#[test]
fn a_balance_that_is_off_is_neither_checked_nor_changed() {
    let mut inactive = settings(Overdraft::Clamp);
    inactive.has_budget = false;
    let mut ledger = ledger_with(&inactive, 0);
    ledger.hold(&request(1, 60, 60), at(0)).unwrap();
    let charge = ledger
        .settle(call(1), Money::from_nanos(60), at(0))
        .unwrap();
    assert_eq!((charge.from_token, charge.token_balance), (false, None));
    assert_eq!(ledger.token(TOKEN).unwrap().purse.balance, Money::ZERO);
    assert_eq!(
        ledger.account(ACCOUNT).unwrap().purse.balance,
        Money::from_nanos(-60)
    );
}

#[test]
fn a_hold_is_charged_where_it_was_set_aside() {
    let mut off = settings(Overdraft::Clamp);
    off.has_budget = false;
    let mut ledger = ledger_with(&off, 100);
    ledger.hold(&request(1, 60, 60), at(0)).unwrap();
    // Switched on while the call runs: it set nothing aside in this purse.
    ledger.apply_settings(TOKEN, &settings(Overdraft::Clamp), None, at(0));
    let charge = ledger.settle(call(1), Money::from_nanos(40), at(0));
    let charge = charge.unwrap();
    assert!(!charge.from_token);
    assert_eq!(charge.token_balance, Some(Money::from_nanos(100)));
    // Switched off while the call runs: from here on it is not changed.
    ledger.hold(&request(2, 60, 60), at(0)).unwrap();
    ledger.apply_settings(TOKEN, &off, None, at(0));
    let charge = ledger.settle(call(2), Money::from_nanos(40), at(0));
    let charge = charge.unwrap();
    assert_eq!((charge.from_token, charge.token_balance), (false, None));
    let purse = ledger.token(TOKEN).unwrap().purse;
    assert_eq!(purse, Purse::with(Money::from_nanos(100)));
}

#[test]
fn a_limited_account_bounds_what_goes_beyond_the_hold() {
    let mut ledger = ledger_with(&settings(Overdraft::Allow), 1000);
    let account = ledger.accounts.get_mut(&ACCOUNT).unwrap();
    account.unlimited = false;
    account.purse.balance = Money::from_nanos(50);
    ledger.hold(&request(1, 30, 30), at(0)).unwrap();
    ledger.hold(&request(2, 15, 15), at(0)).unwrap();
    let charge = ledger.settle(call(1), Money::from_nanos(90), at(0));
    let charge = charge.unwrap();
    let paid = (charge.charged.nanos(), charge.house.nanos());
    assert_eq!(paid, (35, 55), "the hold and the five nobody holds");
}

#[test]
#[should_panic(expected = "a cost never credits")]
fn a_negative_cost_is_a_bug() {
    let mut ledger = ledger_with(&settings(Overdraft::Clamp), 100);
    ledger.hold(&request(1, 30, 30), at(0)).unwrap();
    let _ = ledger.settle(call(1), Money::from_nanos(-1), at(0));
}
