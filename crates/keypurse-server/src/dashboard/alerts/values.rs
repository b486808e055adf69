//! The fields of a rule's form, and the JSON they are read as.

use keypurse_core::alert::{AlertCondition, AlertScope};
use keypurse_store::{AlertRule, WebhookFormat};
use serde_json::{Map, Value, json};

use crate::alerts::wire::{EVERY_TOKEN, FORMATS, kind};
use crate::dashboard::form::Form;

/// What a rule can wait for: the API's word, and what it is called here.
pub(super) const KINDS: [(&str, &str); 7] = [
    ("balance_below", "Balance below an amount (dollars)"),
    (
        "balance_share_below",
        "Balance below a share of the budget (%)",
    ),
    (
        "spend_rate_above",
        "Spending faster than (dollars in the window)",
    ),
    ("expiring_within", "Expiring within (days)"),
    ("exhausted", "Out of money"),
    ("error_rate_above", "More errors than (% in the window)"),
    ("provider_down", "A provider is down"),
];
const SECONDS_OF_A_DAY: u64 = 86_400;

/// What stands in the fields.
#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) token: String,
    pub(super) threshold: String,
    /// In minutes.
    pub(super) window: String,
    pub(super) url: String,
    pub(super) format: String,
    pub(super) secret: String,
    pub(super) is_enabled: bool,
}

impl Values {
    /// An empty form for a new rule.
    pub(super) fn empty() -> Self {
        Self {
            kind: KINDS[0].0.to_owned(),
            token: EVERY_TOKEN.to_owned(),
            format: FORMATS[0].0.to_owned(),
            is_enabled: true,
            ..Self::default()
        }
    }

    /// What somebody has sent.
    pub(super) fn of_form(form: &Form) -> Self {
        let text = |name| form.get(name).to_owned();
        Self {
            name: text("name"),
            kind: text("kind"),
            token: text("token"),
            threshold: text("threshold"),
            window: text("window"),
            url: text("webhook.url"),
            format: text("webhook.format"),
            secret: text("webhook.secret"),
            is_enabled: form.is_ticked("enabled"),
        }
    }

    /// A rule's. Its secret is never shown.
    pub(super) fn of_rule(rule: &AlertRule) -> Self {
        let threshold = match rule.condition {
            AlertCondition::BalanceBelow(amount)
            | AlertCondition::SpendRateAbove { amount, .. } => amount.to_string(),
            AlertCondition::BalanceShareBelow { percent }
            | AlertCondition::ErrorRateAbove { percent, .. } => percent.to_string(),
            AlertCondition::ExpiringWithin { seconds } => {
                (u64::from(seconds) / SECONDS_OF_A_DAY).to_string()
            }
            AlertCondition::Exhausted | AlertCondition::ProviderDown => String::new(),
        };
        let window = rule.condition.window_seconds();
        let webhook = rule.webhook.as_ref();
        let format = webhook.map_or(WebhookFormat::Json, |webhook| webhook.format);
        let word = FORMATS.iter().find(|(_, meant)| *meant == format);
        Self {
            name: rule.name.clone(),
            kind: kind(&rule.condition).to_owned(),
            token: match &rule.scope {
                AlertScope::Account => String::new(),
                AlertScope::EveryToken => EVERY_TOKEN.to_owned(),
                AlertScope::Token(name) => name.as_str().to_owned(),
            },
            threshold,
            window: window.map_or_else(String::new, |seconds| (seconds / 60).to_string()),
            url: webhook.map_or_else(String::new, |webhook| webhook.shown.clone()),
            format: word.map_or("", |(word, _)| word).to_owned(),
            secret: String::new(),
            is_enabled: rule.is_enabled,
        }
    }

    /// The body that the API would be sent.
    pub(super) fn body(&self) -> String {
        let mut body = Map::new();
        body.insert("name".to_owned(), Value::from(&*self.name));
        body.insert("kind".to_owned(), Value::from(&*self.kind));
        let token = Some(&*self.token).filter(|token| !token.is_empty());
        body.insert("token".to_owned(), Value::from(token));
        if !matches!(&*self.kind, "exhausted" | "provider_down") {
            body.insert("threshold".to_owned(), self.threshold());
        }
        if matches!(&*self.kind, "spend_rate_above" | "error_rate_above") {
            body.insert("window".to_owned(), times(&self.window, 60));
        }
        body.insert("webhook".to_owned(), self.webhook());
        body.insert("enabled".to_owned(), Value::from(self.is_enabled));
        Value::Object(body).to_string()
    }

    fn threshold(&self) -> Value {
        match &*self.kind {
            "expiring_within" => times(&self.threshold, SECONDS_OF_A_DAY),
            "balance_share_below" | "error_rate_above" => times(&self.threshold, 1),
            _ if self.threshold.is_empty() => Value::Null,
            _ => Value::from(&*self.threshold),
        }
    }

    fn webhook(&self) -> Value {
        if self.url.is_empty() {
            return Value::Null;
        }
        let mut webhook = json!({"url": self.url, "format": self.format});
        if !self.secret.is_empty() {
            webhook["secret"] = Value::from(&*self.secret);
        }
        webhook
    }
}

/// A number in another unit; what is none is told as it was written.
fn times(text: &str, factor: u64) -> Value {
    let number = text
        .parse::<u64>()
        .ok()
        .and_then(|it| it.checked_mul(factor));
    match number {
        Some(number) => Value::from(number),
        None if text.is_empty() => Value::Null,
        None => Value::from(text),
    }
}

#[cfg(test)]
mod tests {
    use super::Values;
    use crate::dashboard::form::Form;

    #[test]
    fn a_form_is_another_way_to_write_what_the_api_is_sent() {
        for (form, expected) in [
            (
                "name=a&kind=exhausted&token=*&threshold=5&enabled=on",
                r#"{"name":"a","kind":"exhausted","token":"*","webhook":null,"enabled":true}"#,
            ),
            (
                "name=a&kind=expiring_within&token=t&threshold=7",
                r#"{"name":"a","kind":"expiring_within","token":"t","threshold":604800,"webhook":null,"enabled":false}"#,
            ),
            (
                "name=a&kind=spend_rate_above&token=&threshold=1.50&window=10&webhook.url=https://h/&webhook.format=slack",
                r#"{"name":"a","kind":"spend_rate_above","token":null,"threshold":"1.50","window":600,"webhook":{"url":"https://h/","format":"slack"},"enabled":false}"#,
            ),
            (
                "name=a&kind=error_rate_above&threshold=many&window=",
                r#"{"name":"a","kind":"error_rate_above","token":null,"threshold":"many","window":null,"webhook":null,"enabled":false}"#,
            ),
        ] {
            let values = Values::of_form(&Form::parse(form.as_bytes()));
            assert_eq!(values.body(), expected);
        }
    }
}
