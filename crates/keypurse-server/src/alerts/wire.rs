//! The wire names of alerts, and what they are inside.
//!
//! | Wire | Inside |
//! |---|---|
//! | `kind`, `threshold`, `window`, `least_calls` | [`AlertCondition`] |
//! | `token`: null, `"*"`, a name | [`AlertScope`]: the account, each token, one |
//! | `subject` | [`AlertSubject`] |
//! | `measured` | [`Measured`] |

use keypurse_core::alert::{AlertCondition, AlertScope, AlertSubject, Measured};
use keypurse_store::{AlertEvent, AlertRule, WebhookFormat};
use serde::Serialize;
use serde_json::value::RawValue;

use super::sentence::sentence;
use crate::http::answer::number;

/// `token` of a rule that watches each token.
pub const EVERY_TOKEN: &str = "*";

/// The word for a kind of alert.
pub const fn kind(condition: &AlertCondition) -> &'static str {
    match condition {
        AlertCondition::BalanceBelow(_) => "balance_below",
        AlertCondition::BalanceShareBelow { .. } => "balance_share_below",
        AlertCondition::SpendRateAbove { .. } => "spend_rate_above",
        AlertCondition::ExpiringWithin { .. } => "expiring_within",
        AlertCondition::Exhausted => "exhausted",
        AlertCondition::ErrorRateAbove { .. } => "error_rate_above",
        AlertCondition::ProviderDown => "provider_down",
    }
}

/// What a rule waits for, as shown.
#[derive(Debug, Serialize)]
pub struct ConditionAnswer {
    kind: &'static str,
    threshold: Option<Box<RawValue>>,
    window: Option<u32>,
    least_calls: Option<u32>,
}

impl From<&AlertCondition> for ConditionAnswer {
    fn from(condition: &AlertCondition) -> Self {
        let (threshold, least_calls) = match *condition {
            AlertCondition::BalanceBelow(amount)
            | AlertCondition::SpendRateAbove { amount, .. } => (Some(number(amount)), None),
            AlertCondition::BalanceShareBelow { percent } => (Some(whole(percent.into())), None),
            AlertCondition::ExpiringWithin { seconds } => (Some(whole(seconds)), None),
            AlertCondition::ErrorRateAbove {
                percent,
                least_calls,
                ..
            } => (Some(whole(percent.into())), Some(least_calls)),
            AlertCondition::Exhausted | AlertCondition::ProviderDown => (None, None),
        };
        Self {
            kind: kind(condition),
            threshold,
            window: condition.window_seconds(),
            least_calls,
        }
    }
}

fn whole(number: u32) -> Box<RawValue> {
    RawValue::from_string(number.to_string()).expect("digits are a JSON number")
}

/// Whom a rule watches, as shown.
pub fn token(scope: &AlertScope) -> Option<&str> {
    match scope {
        AlertScope::Account => None,
        AlertScope::EveryToken => Some(EVERY_TOKEN),
        AlertScope::Token(name) => Some(name.as_str()),
    }
}

/// Whom a rule fired for, as shown.
#[derive(Debug, Serialize)]
pub struct SubjectAnswer {
    #[serde(rename = "type")]
    kind: &'static str,
    name: Option<String>,
}

impl From<&AlertEvent> for SubjectAnswer {
    fn from(event: &AlertEvent) -> Self {
        let (kind, name) = match &event.subject {
            AlertSubject::Account => ("account", None),
            AlertSubject::Token(_) => ("token", event.label.clone()),
            AlertSubject::Provider(name) => ("provider", Some(name.clone())),
        };
        Self { kind, name }
    }
}

/// At what a rule fired, as shown.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum MeasuredAnswer {
    /// What was left, and of what.
    Balance {
        /// What was left.
        balance: Box<RawValue>,
        /// Of what; null: it was never funded.
        budget: Option<Box<RawValue>>,
    },
    /// What was spent within the window.
    Spent {
        /// How much.
        spent: Box<RawValue>,
    },
    /// When the token expires.
    Expires {
        /// When.
        expires_at: String,
    },
    /// How many calls there were within the window, and how many failed.
    Errors {
        /// How many.
        calls: u64,
        /// How many of them.
        errors: u64,
    },
    /// There is nothing to say.
    Nothing {},
}

impl From<&Measured> for MeasuredAnswer {
    fn from(measured: &Measured) -> Self {
        match *measured {
            Measured::Balance { balance, budget } => Self::Balance {
                balance: number(balance),
                budget: budget.map(number),
            },
            Measured::Spent(spent) => Self::Spent {
                spent: number(spent),
            },
            Measured::ExpiresAt(at) => Self::Expires {
                expires_at: at.to_string(),
            },
            Measured::Errors { calls, errors } => Self::Errors { calls, errors },
            Measured::Down => Self::Nothing {},
        }
    }
}

/// Which rule fired, as shown.
#[derive(Debug, Serialize)]
pub struct FiredRule {
    id: String,
    name: String,
    #[serde(flatten)]
    condition: ConditionAnswer,
}

/// What fired, as shown: in the list of events and to receivers.
#[derive(Debug, Serialize)]
pub struct EventAnswer {
    id: String,
    rule: FiredRule,
    subject: SubjectAnswer,
    measured: MeasuredAnswer,
    text: String,
    fired_at: String,
}

impl EventAnswer {
    /// The event in a sentence for people.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl From<&AlertEvent> for EventAnswer {
    fn from(event: &AlertEvent) -> Self {
        Self {
            id: event.id.to_string(),
            rule: FiredRule {
                id: event.rule.to_string(),
                name: event.rule_name.clone(),
                condition: ConditionAnswer::from(&event.condition),
            },
            subject: SubjectAnswer::from(event),
            measured: MeasuredAnswer::from(&event.measured),
            text: sentence(event),
            fired_at: event.fired_at.to_string(),
        }
    }
}

/// Words for the forms.
pub const FORMATS: [(&str, WebhookFormat); 2] = [
    ("json", WebhookFormat::Json),
    ("slack", WebhookFormat::Slack),
];

/// An alert as shown. Its webhook's address ends with its host, and its secret
/// is never shown again.
#[derive(Debug, Serialize)]
pub struct AlertAnswer<'a> {
    id: String,
    name: &'a str,
    #[serde(flatten)]
    condition: ConditionAnswer,
    token: Option<&'a str>,
    webhook: Option<WebhookAnswer<'a>>,
    enabled: bool,
    created_at: String,
}

#[derive(Debug, Serialize)]
struct WebhookAnswer<'a> {
    url: &'a str,
    format: &'static str,
    signed: bool,
}

impl<'a> From<&'a AlertRule> for AlertAnswer<'a> {
    fn from(rule: &'a AlertRule) -> Self {
        Self {
            id: rule.id.to_string(),
            name: &rule.name,
            condition: ConditionAnswer::from(&rule.condition),
            token: token(&rule.scope),
            webhook: rule.webhook.as_ref().map(|webhook| WebhookAnswer {
                url: &webhook.shown,
                format: word(webhook.format),
                signed: webhook.is_signed,
            }),
            enabled: rule.is_enabled,
            created_at: rule.created_at.to_string(),
        }
    }
}

fn word(format: WebhookFormat) -> &'static str {
    let found = FORMATS.iter().find(|(_, meant)| *meant == format);
    found.expect("every form has a word").0
}
