//! A token's settings and the rules for changing them.

use std::sync::Arc;

use jiff::tz::TimeZone;
use thiserror::Error;

use crate::money::Money;
use crate::period::{Reset, ResetPeriod};
use crate::rules::{Rules, RulesChange};
use crate::time::Timestamp;

/// The longest name, in code points.
pub const MAX_NAME_CHARS: usize = 200;
const RESERVED_NAMES: [&str; 4] = [".", "..", "me", "base_token"];

/// Whether calls cost money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// Calls go to providers and are paid.
    Live,
    /// Calls are answered by the simulator and cost nothing.
    Sandbox,
}

/// What happens when the balance does not cover what a call could cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overdraft {
    /// The output limit is lowered to what the balance buys.
    #[default]
    Clamp,
    /// The call is refused.
    Refuse,
    /// One call at a time may go beyond the balance.
    Allow,
}

/// A token's name: 1 to 200 code points without surrounding white space,
/// unique in its account, case-sensitive.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenName(String);

/// Why a text cannot name a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TokenNameError {
    /// Nothing is left after trimming.
    #[error("this field may not be blank")]
    Blank,
    /// More than 200 code points.
    #[error("ensure this field has no more than {MAX_NAME_CHARS} characters")]
    TooLong,
    /// A control character would break logs and terminals.
    #[error("control characters are not allowed")]
    ControlCharacter,
    /// The name means something else in a path or a report.
    #[error("this name is reserved")]
    Reserved,
}

impl TokenName {
    /// Trims and checks a name.
    pub fn parse(text: &str) -> Result<Self, TokenNameError> {
        let name = text.trim();
        if name.is_empty() {
            return Err(TokenNameError::Blank);
        }
        if name.chars().count() > MAX_NAME_CHARS {
            return Err(TokenNameError::TooLong);
        }
        if name.chars().any(char::is_control) {
            return Err(TokenNameError::ControlCharacter);
        }
        if RESERVED_NAMES.contains(&name) {
            return Err(TokenNameError::Reserved);
        }
        Ok(Self(name.to_owned()))
    }

    /// The name as stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What an operator decides about a token, apart from its money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenSettings {
    /// Its name.
    pub name: TokenName,
    /// Live or sandbox; fixed at creation.
    pub kind: TokenKind,
    /// Whether the balance is checked and charged.
    pub has_budget: bool,
    /// Valid until just before this instant.
    pub expires_at: Option<Timestamp>,
    /// What happens when money is short.
    pub overdraft: Overdraft,
    /// Its periodic budget. Invariant: `Some` only while `has_budget`.
    pub reset: Option<Reset>,
    /// Whether a sandbox token spends its balance as a live one would. Invariant:
    /// false for a live one.
    pub simulate_budget: bool,
    /// What it may do; `None`: everything. Shared, as every call looks at it.
    pub rules: Option<Arc<Rules>>,
}

/// A wish to create or change settings: `None` leaves a field alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingsChange {
    /// Sets the remaining balance.
    pub balance: Option<Money>,
    /// Switches the balance on or off.
    pub has_budget: Option<bool>,
    /// Sets (`Some(None)`: removes) the expiry.
    pub expires_at: Option<Option<Timestamp>>,
    /// Sets the overdraft policy.
    pub overdraft: Option<Overdraft>,
    /// Sets (`Some(None)`: removes) the reset period.
    pub reset_period: Option<Option<ResetPeriod>>,
    /// Sets what the balance is set back to.
    pub reset_amount: Option<Money>,
    /// Lets a sandbox token spend its balance as a live one would.
    pub simulate_budget: Option<bool>,
    /// Sets rules.
    pub rules: RulesChange,
}

/// Why a change of settings makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SettingsError {
    /// A period needs an amount.
    #[error("a reset period needs a reset amount")]
    PeriodWithoutAmount,
    /// An amount needs a period.
    #[error("a reset amount needs a reset period")]
    AmountWithoutPeriod,
    /// Zero or less cannot be a budget.
    #[error("a reset amount must be greater than 0")]
    AmountNotPositive,
    /// A periodic budget is a balance.
    #[error("a reset period needs an active balance")]
    PeriodWithoutBalance,
    /// A live token spends for real.
    #[error("only a sandbox token can rehearse spending")]
    RehearsalOfLive,
}

impl SettingsChange {
    /// The faults of the change as the settings of a new token.
    pub fn faults_for_new_token(&self) -> Vec<SettingsError> {
        self.against(None).faults
    }

    /// The faults that are in the change itself, whatever the settings are
    /// that it is applied to.
    pub fn contradictions(&self) -> Vec<SettingsError> {
        let willing = Reset {
            period: ResetPeriod::Daily,
            amount: Money::from_nanos(1),
            next_at: Timestamp::default(),
        };
        self.against(Some(willing)).faults
    }

    /// What the change makes of a periodic budget.
    fn against(&self, stored: Option<Reset>) -> ChangedReset {
        let switched_off = self.has_budget == Some(false);
        let period = match self.reset_period {
            Some(period) => period,
            None if switched_off => None,
            None => stored.map(|reset| reset.period),
        };
        let amount = self.reset_amount.or(stored.map(|reset| reset.amount));
        ChangedReset {
            period,
            amount,
            faults: faults(self, period, amount),
        }
    }
}

struct ChangedReset {
    period: Option<ResetPeriod>,
    amount: Option<Money>,
    faults: Vec<SettingsError>,
}

impl TokenSettings {
    /// A new live or sandbox token without budget or expiry.
    pub fn new(name: TokenName, kind: TokenKind) -> Self {
        Self {
            name,
            kind,
            has_budget: false,
            expires_at: None,
            overdraft: Overdraft::default(),
            reset: None,
            simulate_budget: false,
            rules: None,
        }
    }

    /// Whether calls are paid from the balance: those of a sandbox token only
    /// while it rehearses.
    pub fn draws_on_balance(&self) -> bool {
        self.has_budget && (self.kind == TokenKind::Live || self.simulate_budget)
    }

    /// Whether the token is past its validity `[created, expires)`.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }

    /// These settings with a change applied; every fault is reported.
    ///
    /// A changed period or amount takes effect at the next reset.
    pub fn changed(
        &self,
        change: &SettingsChange,
        now: Timestamp,
        zone: &TimeZone,
    ) -> Result<Self, Vec<SettingsError>> {
        let ChangedReset {
            period,
            amount,
            mut faults,
        } = change.against(self.reset);
        if self.kind == TokenKind::Live && change.simulate_budget == Some(true) {
            faults.push(SettingsError::RehearsalOfLive);
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let reset = period.zip(amount).map(|(period, amount)| Reset {
            period,
            amount,
            next_at: match self.reset {
                Some(reset) if reset.period == period => reset.next_at,
                _ => period.next_after(now, zone),
            },
        });
        let has_budget = change.has_budget.unwrap_or(self.has_budget);
        Ok(Self {
            name: self.name.clone(),
            kind: self.kind,
            has_budget: has_budget || reset.is_some(),
            expires_at: change.expires_at.unwrap_or(self.expires_at),
            overdraft: change.overdraft.unwrap_or(self.overdraft),
            reset,
            simulate_budget: change.simulate_budget.unwrap_or(self.simulate_budget),
            rules: change.rules.applied_to(self.rules.as_ref()),
        })
    }
}

fn faults(
    change: &SettingsChange,
    period: Option<ResetPeriod>,
    amount: Option<Money>,
) -> Vec<SettingsError> {
    let mut faults = Vec::new();
    if change
        .reset_amount
        .is_some_and(|amount| amount <= Money::ZERO)
    {
        faults.push(SettingsError::AmountNotPositive);
    }
    match period {
        Some(_) if amount.is_none() => faults.push(SettingsError::PeriodWithoutAmount),
        None if change.reset_amount.is_some() => faults.push(SettingsError::AmountWithoutPeriod),
        Some(_) | None => {}
    }
    if period.is_some() && change.has_budget == Some(false) {
        faults.push(SettingsError::PeriodWithoutBalance);
    }
    faults
}

/// What a new token starts with: the stated balance, else a full period.
pub fn opening_balance(stated: Option<Money>, reset: Option<Reset>) -> Money {
    stated
        .or(reset.map(|reset| reset.amount))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
