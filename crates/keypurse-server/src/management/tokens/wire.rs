//! Tokens as clients are shown them; their wire names are explained in
//! [`crate::tokens::wire`].

use std::num::NonZeroU32;

use keypurse_core::money::Money;
use keypurse_core::period::Reset;
use keypurse_core::rules::{ModelPattern, Network, Rules, Tag};
use keypurse_core::secret::TokenSecret;
use keypurse_core::time::Timestamp;
use keypurse_store::Token;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::http::answer;
use crate::tokens::wire::{kind_word, overdraft_word, period_word};

/// A token as shown.
#[derive(Debug, Serialize)]
pub(super) struct TokenAnswer<'a> {
    name: &'a str,
    token_type: &'static str,
    balance: Amount,
    active_balance: bool,
    expire_time: Option<String>,
    balance_reset_period: &'static str,
    balance_reset_amount: Option<Amount>,
    overdraft: &'static str,
    simulate_budget: bool,
    #[serde(flatten)]
    rules: RulesAnswer<'a>,
    #[serde(skip_serializing_if = "Shown::is_absent")]
    token: Shown,
}

/// A token about itself.
#[derive(Debug, Serialize)]
pub(super) struct Oneself<'a> {
    #[serde(flatten)]
    token: TokenAnswer<'a>,
    masked: String,
}

/// Money as text in the answer to POST, as a number elsewhere: the vendor's
/// schemas differ.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Amount {
    Text(String),
    Number(Box<RawValue>),
}

impl Amount {
    fn text(money: Money) -> Self {
        Self::Text(money.to_fixed())
    }

    fn number(money: Money) -> Self {
        Self::Number(answer::number(money))
    }
}

/// A secret on its way out; `Debug` hides it.
#[derive(Debug)]
enum Shown {
    /// Not a member of this answer.
    Absent,
    /// Cannot be shown.
    Null,
    Secret(TokenSecret),
}

impl Shown {
    fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

impl Serialize for Shown {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent | Self::Null => serializer.serialize_none(),
            Self::Secret(secret) => serializer.serialize_str(secret.expose()),
        }
    }
}

impl<'a> TokenAnswer<'a> {
    /// The answer to POST, without its secret.
    pub(super) fn created(token: &'a Token, proven: Timestamp) -> Self {
        Self::with_amounts(token, proven, Amount::text)
    }

    /// The answer to GET and to a top-up; `None`: the secret cannot be shown.
    pub(super) fn shown(token: &'a Token, proven: Timestamp, secret: Option<TokenSecret>) -> Self {
        Self {
            token: secret.map_or(Shown::Null, Shown::Secret),
            ..Self::updated(token, proven)
        }
    }

    /// The answer to PATCH, without the secret as in the vendor's schema; and
    /// to rotate, without its secret.
    pub(super) fn updated(token: &'a Token, proven: Timestamp) -> Self {
        Self::with_amounts(token, proven, Amount::number)
    }

    fn with_amounts(token: &'a Token, proven: Timestamp, amount: fn(Money) -> Amount) -> Self {
        let settings = &token.settings;
        Self {
            name: settings.name.as_str(),
            token_type: kind_word(settings.kind),
            balance: amount(token.balance_at(proven)),
            active_balance: settings.has_budget,
            expire_time: settings.expires_at.map(|at| at.to_string()),
            balance_reset_period: period_word(settings.reset.map(|reset| reset.period)),
            balance_reset_amount: settings.reset.map(|Reset { amount: it, .. }| amount(it)),
            overdraft: overdraft_word(settings.overdraft),
            simulate_budget: settings.simulate_budget,
            rules: RulesAnswer::of(settings.rules.as_deref()),
            token: Shown::Absent,
        }
    }
}

impl<'a> Oneself<'a> {
    pub(super) fn of(token: &'a Token, proven: Timestamp, presented: &TokenSecret) -> Self {
        Self {
            token: TokenAnswer::updated(token, proven),
            masked: presented.masked(),
        }
    }
}

/// A token's rules as shown.
#[derive(Debug, Default, Serialize)]
struct RulesAnswer<'a> {
    allowed_models: Option<Vec<&'a str>>,
    denied_models: Option<Vec<&'a str>>,
    requests_per_minute: Option<NonZeroU32>,
    tokens_per_minute: Option<NonZeroU32>,
    max_concurrency: Option<NonZeroU32>,
    allowed_ips: Option<Vec<String>>,
    tags: Option<Vec<&'a str>>,
    response_cache_seconds: Option<NonZeroU32>,
}

impl<'a> RulesAnswer<'a> {
    fn of(rules: Option<&'a Rules>) -> Self {
        let Some(rules) = rules else {
            return Self::default();
        };
        Self {
            allowed_models: shown(&rules.allowed_models, ModelPattern::as_str),
            denied_models: shown(&rules.denied_models, ModelPattern::as_str),
            requests_per_minute: rules.limits.requests_per_minute,
            tokens_per_minute: rules.limits.tokens_per_minute,
            max_concurrency: rules.limits.max_concurrency,
            allowed_ips: shown(&rules.allowed_networks, Network::to_string),
            tags: shown(&rules.tags, Tag::as_str),
            response_cache_seconds: rules.response_cache_seconds,
        }
    }
}

/// What is empty is no rule.
fn shown<'a, T, S>(list: &'a [T], show: impl Fn(&'a T) -> S) -> Option<Vec<S>> {
    (!list.is_empty()).then(|| list.iter().map(show).collect())
}
