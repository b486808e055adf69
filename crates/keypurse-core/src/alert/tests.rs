use proptest::prelude::*;

use super::{AlertCondition, Facts, Lately, Measured, PurseFacts, Verdict, evaluate};
use crate::money::Money;
use crate::time::Timestamp;

const NOW: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

fn nanos(amount: i64) -> Money {
    Money::from_nanos(amount)
}

fn purse(balance: i64, budget: Option<i64>, is_short: bool) -> Facts {
    let purse = PurseFacts {
        balance: nanos(balance),
        budget: budget.map(nanos),
        is_short,
    };
    Facts {
        purse: Some(purse),
        ..Facts::default()
    }
}

fn lately(spent: i64, calls: u64, errors: u64, is_whole: bool) -> Facts {
    let spent = nanos(spent);
    Facts {
        lately: Some(Lately {
            spent,
            calls,
            errors,
            is_whole,
        }),
        ..Facts::default()
    }
}

fn down(is_down: Option<bool>) -> Facts {
    Facts {
        is_down,
        ..Facts::default()
    }
}

fn expiring(seconds: Option<i64>) -> Facts {
    Facts {
        expires_at: seconds.map(|seconds| NOW.plus_seconds(seconds)),
        ..Facts::default()
    }
}

/// What a rule is found to be after one look: whether it has fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    Fires,
    Fired,
    Clears,
    Armed,
}

/// Looks at a row of facts one after the other, as the background does.
fn check(condition: AlertCondition, looks: &[(Facts, After)]) {
    let since = NOW.plus_seconds(-60);
    let mut fired: Option<Measured> = None;
    for (place, (facts, expected)) in looks.iter().enumerate() {
        let verdict = evaluate(&condition, since, fired.as_ref(), facts, NOW);
        let after = match (verdict, fired) {
            (Verdict::Fires(measured), None) => {
                fired = Some(measured);
                After::Fires
            }
            (Verdict::Clears, Some(_)) => {
                fired = None;
                After::Clears
            }
            (Verdict::Nothing, Some(_)) => After::Fired,
            (Verdict::Nothing, None) => After::Armed,
            other => panic!("{other:?} makes no sense"),
        };
        assert_eq!(after, *expected, "look {place}: {facts:?}");
    }
}

#[test]
fn a_balance_fires_below_its_amount_and_is_armed_again_at_it() {
    let at = |balance| purse(balance, None, false);
    check(
        AlertCondition::BalanceBelow(nanos(100)),
        &[
            (at(100), After::Armed),
            (at(99), After::Fires),
            (at(5), After::Fired),
            (at(-5), After::Fired),
            (at(99), After::Fired),
            (at(100), After::Clears),
            (at(99), After::Fires),
            // Its balance is checked no longer.
            (Facts::default(), After::Clears),
        ],
    );
}

#[test]
fn a_share_is_of_the_budget_and_of_nothing_without_one() {
    let at = |balance, budget| purse(balance, budget, false);
    check(
        AlertCondition::BalanceShareBelow { percent: 20 },
        &[
            (at(0, None), After::Armed),
            (at(0, Some(0)), After::Armed),
            (at(20, Some(100)), After::Armed),
            (at(19, Some(100)), After::Fires),
            (at(19, Some(95)), After::Clears),
            (at(i64::MAX, Some(i64::MAX)), After::Armed),
            (at(1, Some(i64::MAX)), After::Fires),
        ],
    );
}

#[test]
fn a_purse_is_exhausted_at_nothing_or_when_a_call_is_refused_with_less_than_a_hundredth_left() {
    check(
        AlertCondition::Exhausted,
        &[
            (purse(1, Some(1000), false), After::Armed),
            // Refused for a dear call while there is much.
            (purse(500, Some(1000), true), After::Armed),
            (purse(10, Some(1000), true), After::Armed),
            (purse(9, Some(1000), true), After::Fires),
            // Nobody asks any more; it is as empty as before.
            (purse(9, Some(1000), false), After::Fired),
            (purse(8, Some(1000), false), After::Fired),
            (purse(300, Some(300), false), After::Clears),
            (purse(0, Some(300), false), After::Fires),
            (purse(-3, Some(300), false), After::Fired),
            (purse(1, Some(300), false), After::Clears),
            (purse(0, None, false), After::Fires),
        ],
    );
}

#[test]
fn spending_fires_above_its_amount_and_clears_a_fifth_below() {
    let condition = AlertCondition::SpendRateAbove {
        amount: nanos(100),
        window_seconds: 60,
    };
    check(
        condition,
        &[
            (Facts::default(), After::Armed),
            (lately(100, 1, 0, true), After::Armed),
            (lately(101, 1, 0, false), After::Fires),
            (lately(90, 1, 0, true), After::Fired),
            // After a restart: there may have been more.
            (lately(0, 0, 0, false), After::Fired),
            (Facts::default(), After::Fired),
            (lately(81, 1, 0, true), After::Fired),
            (lately(80, 1, 0, true), After::Clears),
            (lately(101, 1, 0, true), After::Fires),
        ],
    );
}

#[test]
fn errors_fire_above_their_share_of_enough_calls() {
    let condition = AlertCondition::ErrorRateAbove {
        percent: 10,
        window_seconds: 60,
        least_calls: 20,
    };
    check(
        condition,
        &[
            (lately(0, 19, 19, true), After::Armed),
            (lately(0, 20, 2, true), After::Armed),
            (lately(0, 20, 3, false), After::Fires),
            (lately(0, 100, 9, true), After::Fired),
            (lately(0, 100, 8, false), After::Fired),
            (lately(0, 100, 8, true), After::Clears),
            (lately(0, 100, 11, true), After::Fires),
            (lately(0, 1, 1, true), After::Fired),
            (lately(0, 0, 0, true), After::Clears),
        ],
    );
}

#[test]
fn a_token_that_expires_soon_fires_once_and_one_that_had_expired_never() {
    let condition = AlertCondition::ExpiringWithin { seconds: 3600 };
    check(
        condition,
        &[
            (expiring(None), After::Armed),
            // A minute before the rule was there, and as it came.
            (expiring(Some(-120)), After::Armed),
            (expiring(Some(-60)), After::Armed),
            (expiring(Some(3601)), After::Armed),
            (expiring(Some(3600)), After::Fires),
            (expiring(Some(10)), After::Fired),
            (expiring(Some(-10)), After::Fired),
            (expiring(Some(7200)), After::Clears),
            // Nobody looked in time.
            (expiring(Some(-10)), After::Fires),
            (expiring(None), After::Clears),
        ],
    );
}

#[test]
fn a_provider_fires_when_it_fails_and_clears_when_it_answers() {
    check(
        AlertCondition::ProviderDown,
        &[
            (down(None), After::Armed),
            (down(Some(false)), After::Armed),
            (down(Some(true)), After::Fires),
            (down(Some(true)), After::Fired),
            // After a restart, before anybody has asked it.
            (down(None), After::Fired),
            (down(Some(false)), After::Clears),
            (down(Some(true)), After::Fires),
        ],
    );
}

/// One step of a walk.
#[derive(Clone, Copy, Debug)]
enum Step {
    Charge(i64),
    TopUp(i64),
    Reset,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..60_i64).prop_map(Step::Charge),
        1 => (1..200_i64).prop_map(Step::TopUp),
        1 => Just(Step::Reset),
    ]
}

proptest! {
    #[test]
    fn a_rule_fires_once_per_crossing(
        steps in prop::collection::vec(step(), 1..200),
        threshold in 1..150_i64,
    ) {
        let condition = AlertCondition::BalanceBelow(nanos(threshold));
        let (mut balance, mut fired) = (200_i64, None);
        let (mut was_below, mut crossings, mut firings) = (false, 0, 0);
        for step in steps {
            balance = match step {
                Step::Charge(amount) => balance - amount,
                Step::TopUp(amount) => balance + amount,
                Step::Reset => 200,
            };
            // The reference: from not below to below is one crossing.
            let is_below = balance < threshold;
            crossings += u32::from(is_below && !was_below);
            was_below = is_below;

            let facts = purse(balance, Some(200), false);
            match evaluate(&condition, NOW, fired.as_ref(), &facts, NOW) {
                Verdict::Fires(measured) => {
                    let budget = Some(nanos(200));
                    let expected = Measured::Balance { balance: nanos(balance), budget };
                    prop_assert_eq!(measured, expected);
                    fired = Some(measured);
                    firings += 1;
                }
                Verdict::Clears => fired = None,
                Verdict::Nothing => {}
            }
            prop_assert_eq!(fired.is_some(), is_below);
            prop_assert_eq!(firings, crossings);
        }
    }
}
