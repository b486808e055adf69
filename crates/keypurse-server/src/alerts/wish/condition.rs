//! Reads what an alert waits for: which fields there are depends on its kind.

use keypurse_core::alert::{
    AlertCondition, LONGEST_WINDOW_SECONDS, MAX_EXPIRY_SECONDS, MIN_EXPIRY_SECONDS, MOST_CALLS,
    SHORTEST_WINDOW_SECONDS,
};
use keypurse_core::money::Money;
use serde_json::value::RawValue;

use crate::http::fields::{Fields, REQUIRED, Reason, money, whole};

const THRESHOLD: &str = "threshold";
const WINDOW: &str = "window";
const LEAST_CALLS: &str = "least_calls";
/// With fewer calls a share of errors says little.
const DEFAULT_LEAST_CALLS: u32 = 20;
const NOT_OF_THIS_KIND: &str = "An alert of this kind has none; leave this out or send null.";
const NOT_POSITIVE: &str = "Ensure this value is greater than 0.";

/// A kind of alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    BalanceBelow,
    BalanceShareBelow,
    SpendRateAbove,
    ExpiringWithin,
    Exhausted,
    ErrorRateAbove,
    ProviderDown,
}

/// Words for the kinds.
pub(super) const KINDS: [(&str, Kind); 7] = [
    ("balance_below", Kind::BalanceBelow),
    ("balance_share_below", Kind::BalanceShareBelow),
    ("spend_rate_above", Kind::SpendRateAbove),
    ("expiring_within", Kind::ExpiringWithin),
    ("exhausted", Kind::Exhausted),
    ("error_rate_above", Kind::ErrorRateAbove),
    ("provider_down", Kind::ProviderDown),
];

impl Kind {
    pub(super) fn of(condition: &AlertCondition) -> Self {
        match condition {
            AlertCondition::BalanceBelow(_) => Self::BalanceBelow,
            AlertCondition::BalanceShareBelow { .. } => Self::BalanceShareBelow,
            AlertCondition::SpendRateAbove { .. } => Self::SpendRateAbove,
            AlertCondition::ExpiringWithin { .. } => Self::ExpiringWithin,
            AlertCondition::Exhausted => Self::Exhausted,
            AlertCondition::ErrorRateAbove { .. } => Self::ErrorRateAbove,
            AlertCondition::ProviderDown => Self::ProviderDown,
        }
    }
}

/// Reads the condition of an alert of a kind. What is not said stays as it is
/// in `current`, which is of the same kind.
pub(super) fn read(
    fields: &mut Fields<'_>,
    kind: Kind,
    current: Option<&AlertCondition>,
) -> Option<AlertCondition> {
    let now = Members::of(current);
    let condition = match kind {
        Kind::BalanceBelow => amount(fields, now).map(AlertCondition::BalanceBelow),
        Kind::BalanceShareBelow => {
            let percent = percent(fields, now, 100);
            percent.map(|percent| AlertCondition::BalanceShareBelow { percent })
        }
        Kind::SpendRateAbove => {
            let (amount, window) = (amount(fields, now), window(fields, now));
            amount
                .zip(window)
                .map(|(amount, window_seconds)| AlertCondition::SpendRateAbove {
                    amount,
                    window_seconds,
                })
        }
        Kind::ExpiringWithin => {
            let range = (MIN_EXPIRY_SECONDS, MAX_EXPIRY_SECONDS);
            let seconds = number(fields, THRESHOLD, now.seconds, range);
            seconds.map(|seconds| AlertCondition::ExpiringWithin { seconds })
        }
        Kind::ErrorRateAbove => errors(fields, now),
        Kind::Exhausted => none(fields, THRESHOLD).then_some(AlertCondition::Exhausted),
        Kind::ProviderDown => none(fields, THRESHOLD).then_some(AlertCondition::ProviderDown),
    };
    let has_window = matches!(kind, Kind::SpendRateAbove | Kind::ErrorRateAbove);
    let is_without_others = (has_window || none(fields, WINDOW))
        & (kind == Kind::ErrorRateAbove || none(fields, LEAST_CALLS));
    condition.filter(|_| is_without_others)
}

/// What a condition has that can be kept.
#[derive(Clone, Copy, Default)]
struct Members {
    amount: Option<Money>,
    percent: Option<u32>,
    seconds: Option<u32>,
    window: Option<u32>,
    least_calls: Option<u32>,
}

impl Members {
    fn of(condition: Option<&AlertCondition>) -> Self {
        let none = Self::default();
        match condition {
            None | Some(AlertCondition::Exhausted | AlertCondition::ProviderDown) => none,
            Some(AlertCondition::BalanceBelow(amount)) => Self {
                amount: Some(*amount),
                ..none
            },
            Some(AlertCondition::BalanceShareBelow { percent }) => Self {
                percent: Some((*percent).into()),
                ..none
            },
            Some(AlertCondition::SpendRateAbove {
                amount,
                window_seconds,
            }) => Self {
                amount: Some(*amount),
                window: Some(*window_seconds),
                ..none
            },
            Some(AlertCondition::ExpiringWithin { seconds }) => Self {
                seconds: Some(*seconds),
                ..none
            },
            Some(AlertCondition::ErrorRateAbove {
                percent,
                window_seconds,
                least_calls,
            }) => Self {
                percent: Some((*percent).into()),
                window: Some(*window_seconds),
                least_calls: Some(*least_calls),
                ..none
            },
        }
    }
}

fn amount(fields: &mut Fields<'_>, now: Members) -> Option<Money> {
    member(fields, THRESHOLD, now.amount, |value| {
        let amount = money(value)?;
        (amount > Money::ZERO)
            .then_some(amount)
            .ok_or(NOT_POSITIVE.into())
    })
}

fn percent(fields: &mut Fields<'_>, now: Members, most: u32) -> Option<u8> {
    let percent = number(fields, THRESHOLD, now.percent, (1, most));
    percent.and_then(|percent| u8::try_from(percent).ok())
}

fn window(fields: &mut Fields<'_>, now: Members) -> Option<u32> {
    let range = (SHORTEST_WINDOW_SECONDS, LONGEST_WINDOW_SECONDS);
    number(fields, WINDOW, now.window, range)
}

fn errors(fields: &mut Fields<'_>, now: Members) -> Option<AlertCondition> {
    let percent = percent(fields, now, 99);
    let window = window(fields, now);
    let least_calls = now.least_calls.unwrap_or(DEFAULT_LEAST_CALLS);
    let least_calls = number(fields, LEAST_CALLS, Some(least_calls), (1, MOST_CALLS));
    let window_seconds = window?;
    Some(AlertCondition::ErrorRateAbove {
        percent: percent?,
        window_seconds,
        least_calls: least_calls?,
    })
}

fn number(
    fields: &mut Fields<'_>,
    name: &'static str,
    otherwise: Option<u32>,
    (least, most): (u32, u32),
) -> Option<u32> {
    member(fields, name, otherwise, |value| {
        let number = whole(value, least.into()..=most.into())?;
        Ok(u32::try_from(number).expect("between two of them"))
    })
}

/// A member that has to be there unless there is another value for it. null is
/// as if it was not.
fn member<T>(
    fields: &mut Fields<'_>,
    name: &'static str,
    otherwise: Option<T>,
    read: impl FnOnce(&RawValue) -> Result<T, Reason>,
) -> Option<T> {
    if let Some(Some(value)) = fields.nullable(name, read) {
        return Some(value);
    }
    if fields.faults.has(name) {
        return None;
    }
    if otherwise.is_none() {
        fields.faults.add(name, REQUIRED);
    }
    otherwise
}

/// Whether a member is not there, as it should be.
fn none(fields: &mut Fields<'_>, name: &'static str) -> bool {
    let refused = fields.nullable(name, |_| Err::<(), _>(NOT_OF_THIS_KIND.into()));
    refused.is_none_or(|it| it.is_none()) && !fields.faults.has(name)
}
