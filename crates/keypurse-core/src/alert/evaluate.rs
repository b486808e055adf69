//! Whether a rule fires now.

use crate::money::Money;
use crate::time::Timestamp;

use super::condition::AlertCondition;

/// What is known of a subject at one instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// What it has. `None`: no call is refused for what it has.
    pub purse: Option<PurseFacts>,
    /// When it expires. `None`: never.
    pub expires_at: Option<Timestamp>,
    /// What its calls were lately. `None`: not known.
    pub lately: Option<Lately>,
    /// Whether it fails again and again. `None`: nobody has asked it yet.
    pub is_down: Option<bool>,
}

/// What is left, and of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PurseFacts {
    /// What is left.
    pub balance: Money,
    /// What a period starts with, else what the last funding led to. `None`:
    /// it was never funded.
    pub budget: Option<Money>,
    /// Whether a call was just refused for want of money.
    pub is_short: bool,
}

/// Calls within a rule's window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lately {
    /// What they cost.
    pub spent: Money,
    /// How many they were.
    pub calls: u64,
    /// How many did not end well.
    pub errors: u64,
    /// Whether the window was watched from its beginning: else there may have
    /// been more, but not less.
    pub is_whole: bool,
}

/// What a rule fired at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measured {
    /// What was left, and of what.
    Balance {
        /// What was left.
        balance: Money,
        /// Of what.
        budget: Option<Money>,
    },
    /// What was spent within the window.
    Spent(Money),
    /// When the token expires.
    ExpiresAt(Timestamp),
    /// Calls within the window, and how many of them did not end well.
    Errors {
        /// How many calls.
        calls: u64,
        /// How many of them.
        errors: u64,
    },
    /// The provider failed again and again.
    Down,
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It fires, at this.
    Fires(Measured),
    /// What it fired for is over: it can fire again.
    Clears,
    /// Nothing changes.
    Nothing,
}

/// Whether a condition is true of a subject.
enum Truth {
    True(Measured),
    Untrue,
    /// Neither so clearly true as to fire nor so clearly untrue as to clear.
    Unclear,
}

/// Decides what a rule does about one subject. `fired` is what it fired at, if
/// it has and did not clear since; `since` is when it became as it is.
pub fn evaluate(
    condition: &AlertCondition,
    since: Timestamp,
    fired: Option<&Measured>,
    facts: &Facts,
    now: Timestamp,
) -> Verdict {
    match (truth(condition, since, fired, facts, now), fired) {
        (Truth::True(measured), None) => Verdict::Fires(measured),
        (Truth::Untrue, Some(_)) => Verdict::Clears,
        (Truth::True(_) | Truth::Unclear, Some(_)) | (Truth::Untrue | Truth::Unclear, None) => {
            Verdict::Nothing
        }
    }
}

fn truth(
    condition: &AlertCondition,
    since: Timestamp,
    fired: Option<&Measured>,
    facts: &Facts,
    now: Timestamp,
) -> Truth {
    match *condition {
        AlertCondition::BalanceBelow(amount) => {
            of_purse(facts.purse, |purse| purse.balance < amount)
        }
        AlertCondition::BalanceShareBelow { percent } => {
            of_purse(facts.purse, |purse| is_less_than(purse, percent))
        }
        AlertCondition::Exhausted => exhausted(facts.purse, fired),
        AlertCondition::SpendRateAbove { amount, .. } => spending(facts.lately, amount),
        AlertCondition::ErrorRateAbove {
            percent,
            least_calls,
            ..
        } => failing(facts.lately, percent, least_calls),
        AlertCondition::ExpiringWithin { seconds } => {
            expiring(facts.expires_at, now.plus_seconds(seconds.into()), since)
        }
        AlertCondition::ProviderDown => match facts.is_down {
            None => Truth::Unclear,
            Some(true) => Truth::True(Measured::Down),
            Some(false) => Truth::Untrue,
        },
    }
}

fn of_purse(purse: Option<PurseFacts>, is_true: impl FnOnce(&PurseFacts) -> bool) -> Truth {
    match purse {
        Some(purse) if is_true(&purse) => Truth::True(purse.measured()),
        Some(_) | None => Truth::Untrue,
    }
}

impl PurseFacts {
    fn measured(&self) -> Measured {
        let (balance, budget) = (self.balance, self.budget);
        Measured::Balance { balance, budget }
    }
}

fn is_less_than(purse: &PurseFacts, percent: u8) -> bool {
    let share = |money: Money, of: u8| i128::from(money.nanos()) * i128::from(of);
    let budget = purse.budget.unwrap_or_default();
    budget > Money::ZERO && share(purse.balance, 100) < share(budget, percent)
}

/// A purse is exhausted at 0. Lowered limits rarely leave exactly nothing: when
/// a call is refused and under a hundredth is left, that is as good as nothing.
/// From there it only rises when it is funded.
fn exhausted(purse: Option<PurseFacts>, fired: Option<&Measured>) -> Truth {
    let Some(purse) = purse else {
        return Truth::Untrue;
    };
    if purse.balance <= Money::ZERO || (purse.is_short && is_less_than(&purse, 1)) {
        return Truth::True(purse.measured());
    }
    match fired {
        Some(Measured::Balance { balance, .. }) if purse.balance <= *balance => Truth::Unclear,
        Some(_) | None => Truth::Untrue,
    }
}

/// It clears when the rate has come down by a fifth, and not because we have
/// not watched for long enough.
fn spending(lately: Option<Lately>, amount: Money) -> Truth {
    let Some(lately) = lately else {
        return Truth::Unclear;
    };
    if lately.spent > amount {
        return Truth::True(Measured::Spent(lately.spent));
    }
    let five = |money: Money, times: i128| i128::from(money.nanos()) * times;
    let is_over = five(lately.spent, 5) <= five(amount, 4);
    if lately.is_whole && is_over {
        Truth::Untrue
    } else {
        Truth::Unclear
    }
}

/// As [`spending`]; few calls never fire, and none at all clear.
fn failing(lately: Option<Lately>, percent: u8, least_calls: u32) -> Truth {
    let Some(lately) = lately else {
        return Truth::Unclear;
    };
    let Lately { calls, errors, .. } = lately;
    let (failed, allowed) = (
        u128::from(errors) * 100,
        u128::from(calls) * u128::from(percent),
    );
    if failed > allowed && calls >= u64::from(least_calls) {
        return Truth::True(Measured::Errors { calls, errors });
    }
    if lately.is_whole && failed * 5 <= allowed * 4 {
        Truth::Untrue
    } else {
        Truth::Unclear
    }
}

/// What had expired before the rule was there is no news.
fn expiring(expires_at: Option<Timestamp>, until: Timestamp, since: Timestamp) -> Truth {
    match expires_at {
        Some(at) if at <= until && since < at => Truth::True(Measured::ExpiresAt(at)),
        Some(_) | None => Truth::Untrue,
    }
}
