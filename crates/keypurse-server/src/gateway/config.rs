//! What an operator decides about providers and prices, already read from
//! wherever it was written.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use keypurse_core::price::{ImagePrices, Price};
use thiserror::Error;
use zeroize::Zeroizing;

use super::routing::alias::AliasError;

/// Providers, prices and limits of the gateway.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// Who can be called.
    pub providers: Vec<ProviderConfig>,
    /// Prices that come before the catalogue's.
    pub prices: Vec<ModelPrice>,
    /// The output limit of a call that states none, to a model whose own
    /// maximum is not known.
    pub default_output_limit: u64,
    /// Names for models, each with those it stands for, the first to be asked
    /// first.
    pub aliases: BTreeMap<String, Vec<String>>,
    /// How many calls providers may have at once, by their names; others any
    /// number.
    pub max_concurrency: BTreeMap<String, NonZeroU32>,
    /// How many calls without a client are read to their end at once, for
    /// their usage.
    pub max_drains: usize,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            providers: Vec::new(),
            prices: Vec::new(),
            default_output_limit: 4096,
            aliases: BTreeMap::new(),
            max_concurrency: BTreeMap::new(),
            max_drains: 256,
        }
    }
}

/// One provider.
#[derive(Clone, Debug)]
pub struct ProviderConfig {
    /// What stands before the slash in its models' names.
    pub name: String,
    /// How it is called.
    pub kind: ProviderKind,
    /// Whether its models cost nothing, known to the catalogue or not.
    pub free: bool,
    /// How money is set aside for its streams.
    pub stream_hold: StreamHold,
}

/// How money is set aside for a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StreamHold {
    /// In blocks where a model is known to show all its output, else in full.
    #[default]
    ByModel,
    /// The most it can cost, before it begins.
    Full,
    /// A block ahead of what is delivered. For providers whose models do not
    /// reason out of sight: what cannot be seen cannot be held for.
    Blocks,
}

/// How a provider is called.
#[derive(Clone, Debug)]
pub enum ProviderKind {
    /// Over HTTP.
    Http(HttpUpstream),
    /// Answered inside this process, for newcomers to watch a balance fall.
    Demo,
}

/// Whose API a provider speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `chat/completions`, as most providers have it.
    OpenAi,
    /// `messages`.
    Anthropic,
    /// `models/…:generateContent`.
    Gemini,
}

/// An upstream that is reached over HTTP.
#[derive(Clone, Debug)]
pub struct HttpUpstream {
    /// Whose API it speaks.
    pub dialect: Dialect,
    /// Whether a provider of OpenAI's dialect has `responses`; to one that has
    /// not they are sent as chats.
    pub has_responses: bool,
    /// Whether a provider of OpenAI's dialect wants to see again what its model
    /// thought, as `reasoning_content`.
    pub wants_reasoning: bool,
    /// Up to and including the version: `https://api.openai.com/v1`.
    pub base_url: String,
    /// What it is called with; local servers need none.
    pub api_key: Option<ProviderKey>,
    /// Where a call that states no output limit gets one.
    pub output_limit_field: OutputLimitField,
    /// How long to wait for it.
    pub timeouts: Timeouts,
}

/// The member that carries the output limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputLimitField {
    /// Understood by every server of this dialect.
    MaxTokens,
    /// What OpenAI's reasoning models insist on.
    MaxCompletionTokens,
}

impl OutputLimitField {
    /// The member's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MaxTokens => "max_tokens",
            Self::MaxCompletionTokens => "max_completion_tokens",
        }
    }
}

/// How long to wait for an upstream, and for a client that takes an answer.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// Until something of the answer has come.
    pub first_byte: Duration,
    /// From one piece of the answer to the next.
    pub idle: Duration,
    /// For the whole call.
    pub total: Duration,
    /// For the rest of an answer whose client has left.
    pub drain: Duration,
    /// For a client to take one piece.
    pub write_stall: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            first_byte: Duration::from_mins(2),
            idle: Duration::from_mins(1),
            total: Duration::from_mins(10),
            drain: Duration::from_mins(2),
            write_stall: Duration::from_secs(30),
        }
    }
}

/// A price, and the sizes a model is known to have.
#[derive(Clone, Debug)]
pub struct ModelPrice {
    /// The provider's name.
    pub provider: String,
    /// The model's name there.
    pub model: String,
    /// What it costs.
    pub price: Price,
    /// What an image costs, where that depends on quality and size; `price`
    /// has the dearest.
    pub images: ImagePrices,
    /// The most input tokens one call can have.
    pub max_input_tokens: Option<u64>,
    /// The most output tokens one call can have.
    pub max_output_tokens: Option<u64>,
}

/// Our credential at a provider. Never printed, wiped when dropped.
#[derive(Clone)]
pub struct ProviderKey {
    text: Zeroizing<String>,
}

impl ProviderKey {
    /// Takes over a key.
    pub fn new(text: String) -> Self {
        Self {
            text: Zeroizing::new(text),
        }
    }

    /// The key, to be sent or digested.
    pub fn expose(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for ProviderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProviderKey(hidden)")
    }
}

/// Why a configuration makes no gateway.
#[derive(Debug, Error)]
pub enum GatewayConfigError {
    /// Two providers of one name.
    #[error("there are two providers named `{0}`")]
    DuplicateProvider(String),
    /// A name that cannot stand before a slash.
    #[error("`{0}` cannot name a provider; use letters, digits, `-`, `_` and `.`")]
    ProviderName(String),
    /// A base URL that is none, or that carries a credential.
    #[error(
        "the base_url of provider `{0}` must be http:// or https://, without user name, \
         password or query"
    )]
    BaseUrl(String),
    /// A key that cannot be sent in a header.
    #[error("the API key of provider `{0}` has characters that no header can carry")]
    ApiKey(String),
    /// Two prices for one model.
    #[error("there are two prices for `{0}`")]
    DuplicatePrice(String),
    /// An alias that leads nowhere.
    #[error("the alias `{name}` cannot be used: {wrong}")]
    Alias {
        /// The alias.
        name: String,
        /// What is wrong with it.
        wrong: AliasError,
    },
    /// A limit for a provider that is not there.
    #[error("max_concurrency is set for provider `{0}`, which is not configured")]
    MaxConcurrency(String),
    /// Without roots no https upstream can be trusted.
    #[error("cannot set up TLS for upstreams")]
    Tls(#[source] rustls::Error),
}
