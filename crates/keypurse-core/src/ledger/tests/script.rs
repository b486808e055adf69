//! Tells a test of one token as a bank statement.

use super::*;

/// Runs a script like a bank statement against a token, one line a step:
/// `hold h1 60` or `hold h1 60 least 20`, `again h1 90 least 20`, `settle h1
/// 25`, `void h1`, `adjust 10`; after `->` what it answers.
pub(super) fn check(overdraft: Overdraft, balance: i64, script: &str) {
    let mut ledger = ledger_with(&settings(overdraft), balance);
    for line in script
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
    {
        let (step, expected) = line.split_once("->").expect("a step and what it answers");
        let outcome = step_outcome(&mut ledger, step);
        let available = ledger.token(TOKEN).unwrap().purse.available().nanos();
        assert_eq!(
            format!("{outcome}, available {available}"),
            expected.trim(),
            "in `{line}`"
        );
    }
}

fn step_outcome(ledger: &mut Ledger, step: &str) -> String {
    let words: Vec<&str> = step.split_whitespace().collect();
    let number = |index: usize| words[index].trim_start_matches('h').parse::<i64>().unwrap();
    match words[0] {
        "stream" => match ledger.hold(&growing(number(1), number(2), number(4)), at(0)) {
            Ok(admission) => format!(
                "held {} of {}",
                admission.amount.nanos(),
                admission.budget.nanos()
            ),
            Err(error) => format!("{error:?}"),
        },
        "open" => {
            let reached = ledger.open(call(number(1)), Money::from_nanos(number(2)));
            reached.map_or("not open".to_owned(), |floor| {
                format!("floor {}", floor.nanos())
            })
        }
        "hold" => {
            let least = if words.len() > 3 {
                number(4)
            } else {
                number(2)
            };
            match ledger.hold(&request(number(1), number(2), least), at(0)) {
                Ok(admission) => format!("held {}", admission.amount.nanos()),
                Err(HoldError::Insufficient(short)) => {
                    format!("402 needs {}", short.needed.nanos())
                }
                Err(HoldError::OnHold(short)) => format!("429 held {}", short.held.nanos()),
                Err(other) => format!("{other:?}"),
            }
        }
        "again" => match ledger.hold_anew(&request(number(1), number(2), number(4)), at(0)) {
            Some(Ok(admission)) => format!("held {}", admission.amount.nanos()),
            Some(Err(HoldError::Insufficient(short))) => {
                format!("402 needs {}", short.needed.nanos())
            }
            Some(Err(other)) => format!("{other:?}"),
            None => "not held".to_owned(),
        },
        "settle" => match ledger.settle(call(number(1)), Money::from_nanos(number(2)), at(0)) {
            Ok(charge) => {
                format!(
                    "charged {} house {}",
                    charge.charged.nanos(),
                    charge.house.nanos()
                )
            }
            Err(error) => format!("{error:?}"),
        },
        "void" => match ledger.void(call(number(1)), at(0)) {
            Ok(charge) => format!("charged {}", charge.charged.nanos()),
            Err(error) => format!("{error:?}"),
        },
        "adjust" => {
            let mut settings = settings(ledger.token(TOKEN).unwrap().overdraft);
            settings.expires_at = None;
            ledger.apply_settings(TOKEN, &settings, Some(Money::from_nanos(number(1))), at(0));
            "adjusted".to_owned()
        }
        other => panic!("unknown step {other}"),
    }
}
