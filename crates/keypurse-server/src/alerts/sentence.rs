//! What fired, in a sentence for people.

use keypurse_core::alert::{AlertCondition, AlertSubject, Measured};
use keypurse_core::money::Money;
use keypurse_store::AlertEvent;

/// What fired, in a sentence that stands alone.
pub(crate) fn sentence(event: &AlertEvent) -> String {
    let who = subject(event);
    let left = match event.measured {
        Measured::Balance { balance, .. } => dollars(balance),
        _ => String::new(),
    };
    match (event.condition, event.measured) {
        (AlertCondition::BalanceBelow(amount), _) => {
            format!("{who} has {left} left, less than {}.", dollars(amount))
        }
        (AlertCondition::BalanceShareBelow { percent }, measured) => {
            let budget = match measured {
                Measured::Balance { budget, .. } => budget.unwrap_or_default(),
                _ => Money::ZERO,
            };
            let budget = dollars(budget);
            format!("{who} has {left} left, less than {percent} % of its budget of {budget}.")
        }
        (AlertCondition::Exhausted, _) => {
            format!("{who} is exhausted: {left} left, priced calls are refused.")
        }
        (
            AlertCondition::SpendRateAbove {
                amount,
                window_seconds,
            },
            Measured::Spent(spent),
        ) => format!(
            "{who} spent {} within {}, more than {}.",
            dollars(spent),
            span(window_seconds),
            dollars(amount)
        ),
        (AlertCondition::ExpiringWithin { seconds }, Measured::ExpiresAt(at)) => {
            format!("{who} expires at {at}, within {}.", span(seconds))
        }
        (
            AlertCondition::ErrorRateAbove {
                percent,
                window_seconds,
                ..
            },
            Measured::Errors { calls, errors },
        ) => format!(
            "{who}: {errors} of {calls} calls failed within {}, more than {percent} %.",
            span(window_seconds)
        ),
        (AlertCondition::ProviderDown, _) => {
            format!("{who} fails again and again; it is asked last until it answers.")
        }
        (
            AlertCondition::SpendRateAbove { .. }
            | AlertCondition::ExpiringWithin { .. }
            | AlertCondition::ErrorRateAbove { .. },
            _,
        ) => format!("{who}: {}.", event.rule_name),
    }
}

fn subject(event: &AlertEvent) -> String {
    match &event.subject {
        AlertSubject::Account => "The account".to_owned(),
        AlertSubject::Token(id) => match &event.label {
            Some(name) => format!("Token \"{name}\""),
            None => format!("Token {id}"),
        },
        AlertSubject::Provider(name) => format!("Provider \"{name}\""),
    }
}

/// With two decimals at least, and no rounding: `$0.40`, `$0.000000001`.
fn dollars(amount: Money) -> String {
    let fixed = amount.to_fixed();
    let cents = fixed.find('.').map_or(fixed.len(), |point| point + 3);
    let (sign, digits) = match fixed.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", &*fixed),
    };
    let shortest = cents - sign.len();
    let digits = &digits[..digits.trim_end_matches('0').len().max(shortest)];
    format!("{sign}${digits}")
}

/// `90 seconds`, `10 minutes`, `1 hour`, `7 days`.
fn span(seconds: u32) -> String {
    let units = [
        (86_400, "day"),
        (3600, "hour"),
        (60, "minute"),
        (1, "second"),
    ];
    let whole = units
        .into_iter()
        .find(|(unit, _)| seconds.is_multiple_of(*unit));
    let (unit, name) = whole.expect("every number is a multiple of 1");
    match seconds / unit {
        1 => format!("1 {name}"),
        count => format!("{count} {name}s"),
    }
}

#[cfg(test)]
mod tests {
    use keypurse_core::money::Money;

    use super::{dollars, span};

    #[test]
    fn money_is_written_to_the_last_digit_and_with_two_at_least() {
        for (nanos, expected) in [
            (0, "$0.00"),
            (400_000_000, "$0.40"),
            (-1_500_000_000, "-$1.50"),
            (12_345_678_901, "$12.345678901"),
            (1, "$0.000000001"),
            (50_000_000_000, "$50.00"),
            (-38, "-$0.000000038"),
        ] {
            assert_eq!(dollars(Money::from_nanos(nanos)), expected);
        }
    }

    #[test]
    fn a_span_is_written_in_its_largest_whole_unit() {
        for (seconds, expected) in [
            (90, "90 seconds"),
            (60, "1 minute"),
            (3600, "1 hour"),
            (5400, "90 minutes"),
            (604_800, "7 days"),
        ] {
            assert_eq!(span(seconds), expected);
        }
    }
}
