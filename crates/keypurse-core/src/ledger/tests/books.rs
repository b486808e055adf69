//! L1 and L2 over any sequence of steps.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Hold { full: i64, least: i64 },
    Settle { which: usize, cost: i64 },
    Void { which: usize },
    Open { which: usize, floor: i64 },
    Adjust { balance: i64 },
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_i64..500, 0_i64..500).prop_map(|(a, b)| Step::Hold { full: a.max(b), least: a.min(b) }),
        3 => (any::<usize>(), 0_i64..700).prop_map(|(which, cost)| Step::Settle { which, cost }),
        1 => any::<usize>().prop_map(|which| Step::Void { which }),
        1 => (any::<usize>(), 0_i64..500).prop_map(|(which, floor)| Step::Open { which, floor }),
        1 => (-100_i64..1000).prop_map(|balance| Step::Adjust { balance }),
    ]
}

proptest! {
    /// L1: credits − charges − open holds = available, for every purse, after
    /// every step. L2: no step but an operator's takes it below zero.
    #[test]
    fn l1_l2_the_books_balance_after_every_step(steps in prop::collection::vec(any_step(), 1..60)) {
        let mut ledger = ledger_with(&settings(Overdraft::Clamp), 1000);
        let (mut credits, mut charges) = (1000_i64, 0_i64);
        let mut open: Vec<(CallId, i64)> = Vec::new();
        for (number, step) in (1_i64..).zip(&steps) {
            let before = ledger.token(TOKEN).unwrap().purse.available().nanos();
            match *step {
                Step::Hold { full, least } => {
                    if let Ok(admission) = ledger.hold(&request(number, full, least), at(0)) {
                        prop_assert!(full == 0 || admission.amount.nanos() <= before);
                        open.push((call(number), admission.amount.nanos()));
                    }
                }
                Step::Settle { which, cost } if !open.is_empty() => {
                    let (id, held) = open.remove(which % open.len());
                    let charge = ledger.settle(id, Money::from_nanos(cost), at(0)).unwrap();
                    prop_assert_eq!(charge.charged + charge.house, Money::from_nanos(cost));
                    prop_assert!(charge.charged.nanos() >= cost.min(held));
                    charges += charge.charged.nanos();
                    prop_assert!(before < 0 || ledger.token(TOKEN).unwrap().purse.available() >= Money::ZERO);
                }
                Step::Void { which } if !open.is_empty() => {
                    let (id, _) = open.remove(which % open.len());
                    ledger.void(id, at(0)).unwrap();
                }
                Step::Open { which, floor } if !open.is_empty() => {
                    let slot = which % open.len();
                    let (id, held) = open[slot];
                    let reached = ledger.open(id, Money::from_nanos(floor)).unwrap();
                    let hold = *ledger.open_hold(id).unwrap();
                    let growth = hold.amount.nanos() - held;
                    prop_assert!(growth == 0 || growth == before.min(floor - held));
                    prop_assert!(reached == hold.floor.unwrap() && reached <= hold.amount);
                    open[slot].1 = hold.amount.nanos();
                }
                Step::Adjust { balance } => {
                    ledger.apply_settings(TOKEN, &settings(Overdraft::Clamp), Some(Money::from_nanos(balance)), at(0));
                    credits = balance + charges;
                }
                _ => {}
            }
            let held: i64 = open.iter().map(|(_, amount)| amount).sum();
            let purse = ledger.token(TOKEN).unwrap().purse;
            prop_assert_eq!(purse.available().nanos(), credits - charges - held);
            let account = ledger.account(ACCOUNT).unwrap().purse;
            prop_assert_eq!(account.available().nanos(), -charges - held);
            prop_assert_eq!(ledger.open_holds(), open.len());
        }
    }
}
