//! A token's settings, as flags and as the API takes them. Money travels as the
//! text that was typed.

use clap::ValueEnum;
use clap::builder::BoolishValueParser;
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;
use serde_json::{Map, Value};

use crate::cli::when::When;

#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Settings")]
pub(super) struct SettingsArgs {
    /// What it may still spend, in dollars; its balance is then checked
    #[arg(long, value_name = "DOLLARS", value_parser = dollars, allow_negative_numbers = true)]
    balance: Option<String>,
    /// Whether its balance is checked; --balance says yes
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true",
          value_parser = BoolishValueParser::new())]
    active_balance: Option<bool>,
    /// How often the balance is set back
    #[arg(long, value_name = "PERIOD")]
    reset: Option<Period>,
    /// What the balance is set back to, in dollars
    #[arg(long, value_name = "DOLLARS", value_parser = dollars)]
    reset_amount: Option<String>,
    /// When it stops working: 30d, 2026-12-31 or an instant
    #[arg(long, value_name = "WHEN")]
    expires: Option<When>,
    /// What happens to a call that the balance does not cover
    #[arg(long, value_name = "POLICY")]
    overdraft: Option<Overdraft>,
    /// Whether a sandbox token spends its balance as a live one would
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true",
          value_parser = BoolishValueParser::new())]
    simulate_budget: Option<bool>,
    /// Models it may call, like `openai/*`; repeat for more
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    allow_model: Vec<String>,
    /// Models it may not call
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    deny_model: Vec<String>,
    /// Networks it may be used from, like 10.0.0.0/8
    #[arg(long, value_name = "NETWORK", value_delimiter = ',')]
    allow_ip: Vec<String>,
    /// Calls a minute
    #[arg(long, value_name = "N")]
    requests_per_minute: Option<u32>,
    /// Input and output tokens a minute
    #[arg(long, value_name = "N")]
    tokens_per_minute: Option<u32>,
    /// Calls at once
    #[arg(long, value_name = "N")]
    max_concurrency: Option<u32>,
    /// How long equal calls get equal answers, in seconds
    #[arg(long, value_name = "SECONDS")]
    response_cache_seconds: Option<u32>,
    /// A word for reports; repeat for more
    #[arg(long, value_name = "TAG", value_delimiter = ',')]
    tag: Vec<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Period {
    None,
    Daily,
    Weekly,
    Monthly,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Overdraft {
    /// Its output limit is lowered to what the balance buys
    Clamp,
    /// It is refused
    Refuse,
    /// One at a time may go beyond
    Allow,
}

/// What a token can be without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Clear {
    Expires,
    Reset,
    AllowModel,
    DenyModel,
    AllowIp,
    RequestsPerMinute,
    TokensPerMinute,
    MaxConcurrency,
    ResponseCacheSeconds,
    Tag,
}

/// Checks an amount and keeps its text.
pub(super) fn dollars(text: &str) -> Result<String, String> {
    let amount = Money::parse_text(text).map_err(|error| error.to_string())?;
    Ok(amount.to_fixed())
}

impl SettingsArgs {
    /// The body of POST.
    pub(super) fn creation(&self, name: &str, sandbox: bool, now: Timestamp) -> Map<String, Value> {
        let kind = if sandbox {
            "sandbox_api_token"
        } else {
            "api_token"
        };
        let mut body = Map::new();
        body.insert("name".to_owned(), name.into());
        body.insert("token_type".to_owned(), kind.into());
        self.add_to(&mut body, now);
        body
    }

    /// The body of PATCH.
    pub(super) fn update(&self, clear: &[Clear], now: Timestamp) -> Map<String, Value> {
        let without = clear
            .iter()
            .map(|setting| (setting.field().to_owned(), Value::Null));
        let mut body: Map<String, Value> = without.collect();
        self.add_to(&mut body, now);
        body
    }

    fn add_to(&self, body: &mut Map<String, Value>, now: Timestamp) {
        let mut set = |field: &str, value: Option<Value>| {
            if let Some(value) = value {
                body.insert(field.to_owned(), value);
            }
        };
        set("balance", self.balance.clone().map(Value::from));
        let is_checked = self.active_balance.or(self.balance.as_ref().map(|_| true));
        set("active_balance", is_checked.map(Value::from));
        set("balance_reset_period", self.reset.as_ref().and_then(word));
        set(
            "balance_reset_amount",
            self.reset_amount.clone().map(Value::from),
        );
        let expires = self.expires.map(|when| when.from(now).to_string());
        set("expire_time", expires.map(Value::from));
        set("overdraft", self.overdraft.as_ref().and_then(word));
        set("simulate_budget", self.simulate_budget.map(Value::from));
        set("allowed_models", list(&self.allow_model));
        set("denied_models", list(&self.deny_model));
        set("allowed_ips", list(&self.allow_ip));
        set(
            "requests_per_minute",
            self.requests_per_minute.map(Value::from),
        );
        set("tokens_per_minute", self.tokens_per_minute.map(Value::from));
        set("max_concurrency", self.max_concurrency.map(Value::from));
        set(
            "response_cache_seconds",
            self.response_cache_seconds.map(Value::from),
        );
        set("tags", list(&self.tag));
    }
}

impl Clear {
    fn field(self) -> &'static str {
        match self {
            Self::Expires => "expire_time",
            Self::Reset => "balance_reset_period",
            Self::AllowModel => "allowed_models",
            Self::DenyModel => "denied_models",
            Self::AllowIp => "allowed_ips",
            Self::RequestsPerMinute => "requests_per_minute",
            Self::TokensPerMinute => "tokens_per_minute",
            Self::MaxConcurrency => "max_concurrency",
            Self::ResponseCacheSeconds => "response_cache_seconds",
            Self::Tag => "tags",
        }
    }
}

/// The word a person types is the word of the API.
fn word(choice: &impl ValueEnum) -> Option<Value> {
    choice
        .to_possible_value()
        .map(|value| value.get_name().into())
}

fn list(items: &[String]) -> Option<Value> {
    (!items.is_empty()).then(|| items.into())
}
