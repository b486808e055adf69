//! Holds that grow ahead of what a stream delivers.

use super::script::check;
use super::*;

#[test]
fn l2_a_growing_hold_takes_what_is_there_and_no_more() {
    check(
        Overdraft::Clamp,
        100,
        "stream h1 90 first 20 -> held 20 of 90, available 80
         stream h2 90 first 20 -> held 20 of 80, available 60
         open h1 10            -> floor 10, available 60
         open h1 50            -> floor 50, available 30
         open h1 40            -> floor 50, available 30
         open h2 70            -> floor 50, available 0
         open h1 60            -> floor 50, available 0
         settle h1 55          -> charged 50 house 5, available 0
         open h2 70            -> floor 50, available 0
         settle h2 30          -> charged 30 house 0, available 20
         open h2 70            -> not open, available 20",
    );
}

#[test]
fn a_call_that_may_not_be_clamped_is_held_in_full() {
    check(
        Overdraft::Refuse,
        100,
        "stream h1 90 first 20 -> held 90 of 90, available 10",
    );
}

#[test]
fn allow_lets_one_growing_hold_at_a_time_go_beyond() {
    check(
        Overdraft::Allow,
        100,
        "stream h1 90 first 20 -> held 20 of 90, available 80
         stream h2 90 first 20 -> held 90 of 90, available -10
         open h1 50            -> floor 20, available -10
         void h2               -> charged 0, available 80
         stream h2 70 first 20 -> held 20 of 70, available 60
         open h1 120           -> floor 120, available -40
         open h2 50            -> floor 20, available -40
         open h1 130           -> floor 130, available -50
         settle h1 130         -> charged 130 house 0, available -50",
    );
}

#[test]
fn a_hold_that_grew_to_the_whole_balance_is_not_the_one_that_goes_beyond() {
    check(
        Overdraft::Allow,
        100,
        "stream h1 90 first 20 -> held 20 of 90, available 80
         open h1 100           -> floor 100, available 0
         adjust 150            -> adjusted, available 50
         hold h2 90            -> held 90, available -40",
    );
    check(
        Overdraft::Allow,
        100,
        "stream h1 90 first 20 -> held 20 of 90, available 80
         open h1 101           -> floor 101, available -1
         adjust 150            -> adjusted, available 49
         hold h2 90            -> 429 held 101, available 49",
    );
}

#[test]
fn what_was_counted_is_never_charged_above_the_hold() {
    let mut ledger = ledger_with(&settings(Overdraft::Clamp), 100);
    ledger.hold(&growing(1, 90, 20), at(0)).unwrap();
    let charge = ledger.settle_counted(call(1), Money::from_nanos(50), at(0));
    let charge = charge.unwrap();
    assert_eq!(
        (charge.cost.nanos(), charge.charged.nanos(), charge.house),
        (20, 20, Money::ZERO)
    );
}
