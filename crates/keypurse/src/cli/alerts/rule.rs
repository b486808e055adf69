//! An alert's settings, as flags and as the API takes them.

use std::path::PathBuf;

use anyhow::Context;
use clap::ValueEnum;
use clap::builder::BoolishValueParser;
use serde_json::{Map, Value};

use super::threshold::Threshold;
use crate::cli::when::Span;
use crate::hint::Hint;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Settings")]
pub(super) struct RuleArgs {
    /// How much is too much: dollars like 2.50, a share like 20%, or a time like 7d
    #[arg(long, value_name = "VALUE")]
    threshold: Option<Threshold>,
    /// Over how long spending and errors are measured, like 1h
    #[arg(long, value_name = "TIME")]
    window: Option<Span>,
    /// With fewer calls a share of errors says nothing
    #[arg(long, value_name = "N")]
    least_calls: Option<u32>,
    /// The token it watches, '*' for each of them; without: the account
    #[arg(long, value_name = "NAME")]
    token: Option<String>,
    /// Who is told: an address that events are posted to
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
    /// In which form
    #[arg(long, value_name = "FORM")]
    format: Option<Format>,
    /// File with the secret that events are signed with
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Whether it is looked at
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true",
          value_parser = BoolishValueParser::new())]
    enabled: Option<bool>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Kind {
    /// Less is left than --threshold dollars
    BalanceBelow,
    /// Less is left than --threshold percent of the budget
    BalanceShareBelow,
    /// More than --threshold dollars were spent within --window
    SpendRateAbove,
    /// It expires within --threshold
    ExpiringWithin,
    /// Nothing is left
    Exhausted,
    /// More than --threshold percent of the calls within --window failed
    ErrorRateAbove,
    /// A provider fails again and again
    ProviderDown,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// Every member of the event
    Json,
    /// What Slack and others like it read
    Slack,
}

/// What an alert can be without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Clear {
    /// Watch the account instead
    Token,
    /// Tell nobody
    Webhook,
    /// Do not sign events
    Secret,
}

impl Kind {
    /// The API's word, which has underscores where flags have dashes.
    fn word(self) -> String {
        word(&self).unwrap_or_default().replace('-', "_")
    }
}

impl RuleArgs {
    /// The body of POST and PATCH.
    pub(super) fn body(
        &self,
        name: Option<&str>,
        kind: Option<Kind>,
        clear: &[Clear],
    ) -> anyhow::Result<Map<String, Value>> {
        let mut body = Map::new();
        let mut set = |field: &str, value: Option<Value>| {
            if let Some(value) = value {
                body.insert(field.to_owned(), value);
            }
        };
        set("name", name.map(Value::from));
        set("kind", kind.map(|kind| kind.word().into()));
        set("threshold", self.threshold.as_ref().map(Value::from));
        set("window", self.window.map(|window| window.seconds.into()));
        set("least_calls", self.least_calls.map(Value::from));
        let no_token = clear.contains(&Clear::Token).then_some(Value::Null);
        set("token", self.token.clone().map(Value::from).or(no_token));
        let no_webhook = clear.contains(&Clear::Webhook).then_some(Value::Null);
        set("webhook", self.webhook(clear)?.or(no_webhook));
        set("enabled", self.enabled.map(Value::from));
        kind.map_or(Ok(()), |kind| self.check(&kind.word()))?;
        Ok(body)
    }

    /// Whether the threshold says what this kind, in the API's words, waits for:
    /// 20% must not become 20 dollars.
    pub(super) fn check(&self, kind: &str) -> anyhow::Result<()> {
        let (fits, example): (fn(&Threshold) -> bool, _) = match kind {
            "balance_below" | "spend_rate_above" => {
                (|it| matches!(it, Threshold::Dollars(_)), "--threshold 2.50")
            }
            "balance_share_below" | "error_rate_above" => {
                (|it| matches!(it, Threshold::Percent(_)), "--threshold 20%")
            }
            "expiring_within" => (|it| matches!(it, Threshold::Time(_)), "--threshold 7d"),
            // The server knows better what else there is.
            _ => return Ok(()),
        };
        if self.threshold.as_ref().is_none_or(fits) {
            return Ok(());
        }
        let hint = Hint(format!("write it like {example}"));
        let other = format!("this is no threshold of an alert of kind `{kind}`");
        Err(anyhow::Error::new(hint).context(other))
    }

    fn webhook(&self, clear: &[Clear]) -> anyhow::Result<Option<Value>> {
        let mut webhook = Map::new();
        if clear.contains(&Clear::Secret) {
            webhook.insert("secret".to_owned(), Value::Null);
        }
        if let Some(url) = &self.webhook {
            webhook.insert("url".to_owned(), url.clone().into());
        }
        if let Some(format) = self.format.and_then(|format| word(&format)) {
            webhook.insert("format".to_owned(), format.into());
        }
        if let Some(file) = &self.secret_file {
            let hint = || Hint("openssl rand -hex 32 > webhook.secret".to_owned());
            let secret = std::fs::read_to_string(file)
                .map_err(|error| anyhow::Error::new(hint()).context(error.to_string()))
                .with_context(|| format!("cannot read the secret from {}", file.display()))?;
            webhook.insert("secret".to_owned(), secret.trim().into());
        }
        Ok((!webhook.is_empty()).then_some(Value::Object(webhook)))
    }
}

fn word(choice: &impl ValueEnum) -> Option<String> {
    choice
        .to_possible_value()
        .map(|value| value.get_name().to_owned())
}
