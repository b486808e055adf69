//! What a receiver is told.

use bytes::Bytes;
use keypurse_core::alert::{AlertCondition, AlertEventId, AlertScope, AlertSubject, Measured};
use keypurse_core::id::TokenId;
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;
use keypurse_store::{AlertEvent, AlertRule, WebhookFormat};
use serde::Serialize;

use crate::alerts::wire::EventAnswer;

/// An event on its way to a receiver.
#[derive(Clone, Debug)]
pub struct Message {
    event: AlertEvent,
    is_test: bool,
}

#[derive(Serialize)]
struct Json {
    #[serde(rename = "type")]
    kind: &'static str,
    test: bool,
    #[serde(flatten)]
    event: EventAnswer,
}

#[derive(Serialize)]
struct Slack {
    text: String,
}

impl Message {
    /// What fired.
    pub fn fired(event: AlertEvent) -> Self {
        Self {
            event,
            is_test: false,
        }
    }

    /// An imagined event of a rule, marked as a test.
    pub fn test(rule: &AlertRule, random: i64, now: Timestamp) -> Self {
        let (subject, label) = imagined_subject(rule);
        let event = AlertEvent {
            id: AlertEventId { ordered: 0, random },
            account: rule.account,
            rule: rule.id,
            rule_name: rule.name.clone(),
            condition: rule.condition,
            subject,
            label,
            measured: imagined(&rule.condition, now),
            fired_at: now,
            cleared_at: None,
        };
        Self {
            event,
            is_test: true,
        }
    }

    /// Names the event, on every try the same.
    pub fn id(&self) -> String {
        self.event.id.to_string()
    }

    /// The body: JSON in either form.
    pub fn body(&self, format: WebhookFormat) -> Bytes {
        let event = EventAnswer::from(&self.event);
        let bytes = match format {
            WebhookFormat::Json => serde_json::to_vec(&Json {
                kind: if self.is_test {
                    "alert.test"
                } else {
                    "alert.fired"
                },
                test: self.is_test,
                event,
            }),
            WebhookFormat::Slack => serde_json::to_vec(&Slack {
                text: self.slack_text(event.text()),
            }),
        };
        bytes.expect("an event is plain data").into()
    }

    fn slack_text(&self, sentence: &str) -> String {
        let mark = if self.is_test { "[test] " } else { "" };
        let text = format!("{mark}{}: {sentence}", self.event.rule_name);
        // Slack's three: a name must not mention a channel or make a link.
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
    }
}

fn imagined_subject(rule: &AlertRule) -> (AlertSubject, Option<String>) {
    if rule.condition == AlertCondition::ProviderDown {
        return (AlertSubject::Provider("example".to_owned()), None);
    }
    let token = |name: &str| (AlertSubject::Token(TokenId(0)), Some(name.to_owned()));
    match &rule.scope {
        AlertScope::Account => (AlertSubject::Account, None),
        AlertScope::EveryToken => token("example"),
        AlertScope::Token(name) => token(name.as_str()),
    }
}

/// What such a rule could fire at.
fn imagined(condition: &AlertCondition, now: Timestamp) -> Measured {
    let nothing_left = Measured::Balance {
        balance: Money::ZERO,
        budget: Some(Money::from_nanos(10_000_000_000)),
    };
    match *condition {
        AlertCondition::BalanceBelow(_)
        | AlertCondition::BalanceShareBelow { .. }
        | AlertCondition::Exhausted => nothing_left,
        AlertCondition::SpendRateAbove { amount, .. } => {
            Measured::Spent(amount.checked_add(Money::from_nanos(1)).unwrap_or(amount))
        }
        AlertCondition::ExpiringWithin { seconds } => {
            Measured::ExpiresAt(now.plus_seconds(seconds.into()))
        }
        AlertCondition::ErrorRateAbove { least_calls, .. } => Measured::Errors {
            calls: least_calls.into(),
            errors: least_calls.into(),
        },
        AlertCondition::ProviderDown => Measured::Down,
    }
}
