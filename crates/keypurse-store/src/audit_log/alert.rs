//! Changes of alert rules in words. Where a webhook leads stays out: its
//! address may hold a secret.

use keypurse_core::alert::{AlertCondition, AlertScope};
use serde_json::{Value, json};

use super::Details;
use crate::alerts::{AlertChange, AlertRule};

/// What a change of a rule changed.
pub(super) fn alert_change(change: &AlertChange) -> Details {
    match change {
        AlertChange::Create(rule) => {
            let told = Details::none().with("id", rule.id.to_string());
            let settings = settings(rule).into_iter();
            settings.fold(told, |told, (name, value)| told.with(name, value))
        }
        AlertChange::Update { seen, rule, .. } => update(seen, rule),
        AlertChange::Delete { id, .. } => Details::none().with("id", id.to_string()),
    }
}

fn update(seen: &AlertRule, rule: &AlertRule) -> Details {
    let told = Details::none().with("id", rule.id.to_string());
    let pairs = settings(seen).into_iter().zip(settings(rule));
    let changed = pairs.filter(|((_, was), (_, is))| was != is);
    let told = changed.fold(told, |told, ((name, was), (_, is))| {
        told.changed(name, was, is)
    });
    if seen.webhook == rule.webhook {
        return told;
    }
    told.with("webhook_changed", true)
}

fn settings(rule: &AlertRule) -> [(&'static str, Value); 5] {
    let scope = match &rule.scope {
        AlertScope::Account => Value::Null,
        AlertScope::EveryToken => json!("*"),
        AlertScope::Token(name) => json!(name.as_str()),
    };
    [
        ("name", json!(rule.name)),
        ("condition", condition(&rule.condition)),
        ("token", scope),
        ("has_webhook", json!(rule.webhook.is_some())),
        ("enabled", json!(rule.is_enabled)),
    ]
}

fn condition(condition: &AlertCondition) -> Value {
    match condition {
        AlertCondition::BalanceBelow(amount) => json!({"balance_below": amount.to_string()}),
        AlertCondition::BalanceShareBelow { percent } => json!({"balance_share_below": percent}),
        AlertCondition::SpendRateAbove {
            amount,
            window_seconds,
        } => json!({"spend_rate_above": amount.to_string(), "window": window_seconds}),
        AlertCondition::ExpiringWithin { seconds } => json!({"expiring_within": seconds}),
        AlertCondition::Exhausted => json!("exhausted"),
        AlertCondition::ErrorRateAbove {
            percent,
            window_seconds,
            least_calls,
        } => json!({
            "error_rate_above": percent,
            "window": window_seconds,
            "least_calls": least_calls,
        }),
        AlertCondition::ProviderDown => json!("provider_down"),
    }
}
