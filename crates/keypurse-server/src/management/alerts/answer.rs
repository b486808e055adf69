//! An alert as shown. Its webhook's address ends with its host, and its secret
//! is never shown again.

use keypurse_store::{AlertRule, WebhookFormat};
use serde::Serialize;

use crate::alerts::wire::{ConditionAnswer, FORMATS, token};

/// An alert as shown.
#[derive(Debug, Serialize)]
pub(super) struct AlertAnswer<'a> {
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
