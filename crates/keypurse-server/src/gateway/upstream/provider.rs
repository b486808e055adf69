//! What the gateway knows while it runs: providers, prices, the client.

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use http::Uri;
use http::uri::{PathAndQuery, Scheme};
use http::{HeaderName, HeaderValue};
use keypurse_core::id::TokenId;
use keypurse_core::price::{ImagePrices, Price};
use keypurse_core::time::Timestamp;
use keypurse_providers::catalogue::Catalogue;
use keypurse_providers::presets;
use keypurse_providers::tokenizer;
use thiserror::Error;
use tokio::sync::Semaphore;

use super::client::{UpstreamClient, client};
use super::demo;
use crate::gateway::cache::CachedAnswers;
use crate::gateway::call::once::KeptAnswers;
use crate::gateway::call::resolve::Routes;
use crate::gateway::config::{
    Dialect, GatewayConfig, HttpUpstream, ModelPrice, OutputLimitField, ProviderConfig,
    ProviderKey, ProviderKind, StreamHold, Timeouts,
};
use crate::gateway::endpoint::kind::Endpoint;
use crate::gateway::models::Lists;
use crate::gateway::routing::alias::{AliasError, Aliases};
use crate::gateway::routing::health::Health;
use crate::gateway::rules::Loads;
use crate::gateway::sandbox::StoredResponses;
use crate::metrics::calls::CallMeters;

/// Providers, prices and the client that reaches them.
pub struct Gateway {
    pub(in crate::gateway) catalogue: Catalogue,
    pub(in crate::gateway) providers: HashMap<String, Arc<Provider>>,
    pub(in crate::gateway) prices: HashMap<(String, String), KnownPrice>,
    pub(in crate::gateway) aliases: Aliases,
    pub(in crate::gateway) default_output_limit: u64,
    pub(in crate::gateway) client: UpstreamClient,
    /// How many more calls without a client may be read to their end.
    pub(in crate::gateway) drains: Arc<Semaphore>,
    pub(in crate::gateway) routes: Routes,
    /// Those of sandbox tokens.
    pub(in crate::gateway) simulated: Routes,
    pub(in crate::gateway) kept: Arc<KeptAnswers>,
    pub(in crate::gateway) cached: CachedAnswers,
    /// Those the simulator made.
    pub(in crate::gateway) stored_responses: StoredResponses,
    pub(in crate::gateway) loads: Loads,
    pub(in crate::gateway) lists: Lists,
    pub(in crate::gateway) meters: CallMeters,
    max_drains: usize,
}

/// How a provider does, for whoever watches it.
#[derive(Clone, Debug)]
pub struct ProviderState {
    /// Its name.
    pub name: String,
    /// Failures in a row.
    pub failures: u32,
    /// Whether it is asked after all others.
    pub is_paused: bool,
}

/// A price an operator set, or one that is built in.
#[derive(Debug)]
pub(in crate::gateway) struct KnownPrice {
    pub(in crate::gateway) price: Arc<Price>,
    pub(in crate::gateway) images: ImagePrices,
    pub(in crate::gateway) max_input_tokens: Option<u64>,
    pub(in crate::gateway) max_output_tokens: Option<u64>,
}

/// A configured provider.
#[derive(Debug)]
pub(in crate::gateway) struct Provider {
    pub(in crate::gateway) name: Arc<str>,
    pub(in crate::gateway) free: bool,
    pub(in crate::gateway) timeouts: Timeouts,
    pub(in crate::gateway) output_limit_field: OutputLimitField,
    pub(in crate::gateway) stream_hold: StreamHold,
    pub(in crate::gateway) reached: Reached,
    pub(in crate::gateway) health: Health,
}

/// How a provider is reached.
pub(in crate::gateway) enum Reached {
    Http(Box<Upstream>),
    /// The demo.
    InProcess,
    /// By nobody: the simulator answers in its place.
    Simulated(Place),
}

/// Whose place the simulator takes: what that one refuses it refuses, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Place {
    /// A provider's that speaks this dialect.
    Provider(Dialect),
    Demo,
    /// Nobody's: it answers whatever it can.
    Nobody,
}

/// An upstream, ready to be called.
pub(in crate::gateway) struct Upstream {
    base: Base,
    dialect: Dialect,
    /// Where each endpoint's calls go, in the order of [`Endpoint::ALL`], unless
    /// the model is part of it.
    urls: [Option<Uri>; Endpoint::ALL.len()],
    /// What every call carries: the credential, and what its dialect wants.
    pub(in crate::gateway) headers: Vec<(HeaderName, HeaderValue)>,
    /// To recognise it in an answer, which must not show it.
    pub(in crate::gateway) key: Option<ProviderKey>,
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

impl Gateway {
    /// A gateway over these providers and prices.
    pub fn new(config: GatewayConfig) -> Result<Self, GatewayConfigError> {
        let mut prices = HashMap::new();
        for price in config.prices {
            let named = format!("{}/{}", price.provider, price.model);
            let (key, known) = known_price(price);
            if prices.insert(key, known).is_some() {
                return Err(GatewayConfigError::DuplicatePrice(named));
            }
        }
        let mut providers = HashMap::new();
        let mut limits = config.max_concurrency;
        for provider in config.providers {
            if matches!(provider.kind, ProviderKind::Demo) {
                let (key, known) = known_price(demo::model(&provider.name));
                prices.entry(key).or_insert(known);
            }
            let limit = limits.remove(&provider.name);
            let provider = Provider::new(provider, limit)?;
            let name = provider.name.to_string();
            if providers.insert(name.clone(), Arc::new(provider)).is_some() {
                return Err(GatewayConfigError::DuplicateProvider(name));
            }
        }
        if let Some((name, _)) = limits.pop_first() {
            return Err(GatewayConfigError::MaxConcurrency(name));
        }
        let catalogue = Catalogue::bundled();
        let is_configured = |name: &str| providers.contains_key(name);
        let aliases = Aliases::new(config.aliases, is_configured, &catalogue)
            .map_err(|(name, wrong)| GatewayConfigError::Alias { name, wrong })?;
        let meters = CallMeters::of_providers(providers.keys());
        Ok(Self {
            catalogue,
            aliases,
            client: client().map_err(GatewayConfigError::Tls)?,
            providers,
            prices,
            default_output_limit: config.default_output_limit,
            drains: Arc::new(Semaphore::new(config.max_drains)),
            routes: Routes::default(),
            simulated: Routes::default(),
            kept: Arc::default(),
            cached: CachedAnswers::default(),
            stored_responses: StoredResponses::default(),
            loads: Loads::default(),
            lists: Lists::default(),
            meters,
            max_drains: config.max_drains,
        })
    }

    /// Configured providers, in alphabetical order.
    pub fn provider_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.providers.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// Whether each provider that is reached over HTTP fails again and again.
    /// `None`: that cannot be told yet.
    pub fn provider_health(&self) -> Vec<(String, Option<bool>)> {
        let providers = self.providers.iter();
        let reached = providers.filter(|(_, it)| matches!(it.reached, Reached::Http(_)));
        reached
            .map(|(name, provider)| (name.clone(), provider.health.is_down()))
            .collect()
    }

    /// Makes the vocabularies of the configured providers' models, on a thread
    /// of its own. Until they are there, bytes are counted.
    pub fn warm(&self) {
        if self.providers.keys().any(|name| tokenizer::is_of_use(name)) {
            let thread = std::thread::Builder::new().name("vocabulary".to_owned());
            if let Err(error) = thread.spawn(tokenizer::warm) {
                tracing::warn!(%error, "tokens are not counted: there is no thread for it");
            }
        }
    }

    /// Forgets what a token that was deleted was answered.
    pub fn forget_answers(&self, token: TokenId) {
        self.cached.forget(token);
        self.stored_responses.forget(token);
    }

    /// What is counted about calls.
    pub fn meters(&self) -> &CallMeters {
        &self.meters
    }

    /// How each provider does, in alphabetical order.
    pub fn provider_states(&self, now: Timestamp) -> Vec<ProviderState> {
        let state = |name: &str| {
            let health = &self.providers[name].health;
            ProviderState {
                name: name.to_owned(),
                failures: health.failures(),
                is_paused: health.pauses(now),
            }
        };
        self.provider_names().into_iter().map(state).collect()
    }

    /// How many calls without a client are read to their end.
    pub fn drains_under_way(&self) -> usize {
        self.max_drains
            .saturating_sub(self.drains.available_permits())
    }

    /// The day the bundled prices were published.
    pub fn prices_date(&self) -> &str {
        self.catalogue.date()
    }
}

fn known_price(price: ModelPrice) -> ((String, String), KnownPrice) {
    let known = KnownPrice {
        price: Arc::new(price.price),
        images: price.images,
        max_input_tokens: price.max_input_tokens,
        max_output_tokens: price.max_output_tokens,
    };
    ((price.provider, price.model), known)
}

impl Provider {
    /// Stands for a provider that is not configured.
    pub(in crate::gateway) fn unconfigured(name: &str) -> Self {
        Self::simulating(name, false, Place::of_unconfigured(name))
    }

    /// Stands for a name of the simulator's own.
    pub(in crate::gateway) fn simulator(name: &str) -> Self {
        Self::simulating(name, true, Place::Nobody)
    }

    fn simulating(name: &str, free: bool, place: Place) -> Self {
        Self {
            name: name.into(),
            free,
            timeouts: Timeouts::default(),
            output_limit_field: OutputLimitField::MaxTokens,
            stream_hold: StreamHold::ByModel,
            reached: Reached::Simulated(place),
            health: Health::new(None),
        }
    }

    /// The same provider, simulated: nobody can be reached through it.
    pub(in crate::gateway) fn simulated(&self) -> Self {
        Self {
            name: Arc::clone(&self.name),
            reached: Reached::Simulated(self.reached.place()),
            health: Health::new(None),
            ..*self
        }
    }

    fn new(
        config: ProviderConfig,
        max_concurrency: Option<NonZeroU32>,
    ) -> Result<Self, GatewayConfigError> {
        let max_concurrency = max_concurrency
            .map(|most| usize::try_from(most.get()).expect("a 32-bit number fits in usize"));
        let ProviderConfig {
            name,
            kind,
            free,
            stream_hold,
        } = config;
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if name.is_empty() || !name.bytes().all(fits) {
            return Err(GatewayConfigError::ProviderName(name));
        }
        let (reached, output_limit_field, timeouts) = match kind {
            ProviderKind::Demo => (
                Reached::InProcess,
                OutputLimitField::MaxTokens,
                Timeouts::default(),
            ),
            ProviderKind::Http(upstream) => (
                Reached::Http(Box::new(Upstream::new(&name, &upstream)?)),
                upstream.output_limit_field,
                upstream.timeouts,
            ),
        };
        Ok(Self {
            name: name.into(),
            free,
            timeouts,
            output_limit_field,
            stream_hold,
            reached,
            health: Health::new(max_concurrency),
        })
    }
}

impl Reached {
    /// Whether calls of this endpoint lead anywhere.
    pub(in crate::gateway) fn offers(&self, endpoint: Endpoint) -> bool {
        self.place().offers(endpoint)
    }

    /// Whose API it speaks. `None`: any.
    pub(in crate::gateway) fn dialect(&self) -> Option<Dialect> {
        match self.place() {
            Place::Provider(dialect) => Some(dialect),
            Place::Demo => Some(Dialect::OpenAi),
            Place::Nobody => None,
        }
    }

    pub(in crate::gateway) fn is_simulated(&self) -> bool {
        matches!(self, Self::Simulated(_))
    }

    /// Whose place it is, who takes it left aside.
    pub(in crate::gateway) fn place(&self) -> Place {
        match self {
            Self::Http(upstream) => Place::Provider(upstream.dialect),
            Self::InProcess => Place::Demo,
            Self::Simulated(place) => *place,
        }
    }
}

impl Place {
    /// That of a provider of this name, were it configured.
    pub(in crate::gateway) fn of_unconfigured(name: &str) -> Self {
        let preset = presets::find(name);
        let dialect = preset.map(|preset| preset.dialect.into());
        Self::Provider(dialect.unwrap_or(Dialect::OpenAi))
    }

    /// Whether calls of this endpoint lead anywhere.
    pub(in crate::gateway) fn offers(self, endpoint: Endpoint) -> bool {
        match self {
            Self::Provider(dialect) => dialect.path(endpoint, "", false).is_some(),
            Self::Demo => matches!(endpoint, Endpoint::Chat | Endpoint::Messages),
            Self::Nobody => true,
        }
    }
}

impl Upstream {
    fn new(name: &str, config: &HttpUpstream) -> Result<Self, GatewayConfigError> {
        let base = Base::parse(&config.base_url);
        let mut base = base.ok_or_else(|| GatewayConfigError::BaseUrl(name.to_owned()))?;
        let dialect = config.dialect;
        base.path += dialect.missing_version(&base.path);
        let headers = dialect.headers(config.api_key.as_ref());
        let url = |endpoint| base.join(&dialect.path(endpoint, "", false)?);
        Ok(Self {
            urls: Endpoint::ALL.map(url),
            headers: headers.map_err(|_| GatewayConfigError::ApiKey(name.to_owned()))?,
            key: config.api_key.clone(),
            base,
            dialect,
        })
    }

    /// Where a call goes. `None`: the provider has no such endpoint.
    pub(in crate::gateway) fn url(
        &self,
        endpoint: Endpoint,
        model: &str,
        streamed: bool,
    ) -> Option<Uri> {
        if self.dialect == Dialect::Gemini {
            let path = self.dialect.path(endpoint, model, streamed)?;
            return self.base.join(&path);
        }
        self.urls[endpoint as usize].clone()
    }

    pub(in crate::gateway) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Where something an endpoint keeps is.
    pub(in crate::gateway) fn url_below(&self, endpoint: Endpoint, rest: &str) -> Option<Uri> {
        let path = self.dialect.path(endpoint, "", false)?;
        self.base.join(&format!("{path}/{rest}"))
    }
}

/// A base URL, up to and including the version.
#[derive(Debug)]
struct Base {
    parts: http::uri::Parts,
    path: String,
}

impl Base {
    fn parse(base: &str) -> Option<Self> {
        let mut parts = base.trim().parse::<Uri>().ok()?.into_parts();
        let is_web = parts
            .scheme
            .as_ref()
            .is_some_and(|s| *s == Scheme::HTTP || *s == Scheme::HTTPS);
        let is_plain = parts
            .authority
            .as_ref()
            .is_some_and(|host| !host.as_str().contains('@'));
        let path = parts.path_and_query.take();
        let path = path.as_ref().map_or("/", PathAndQuery::as_str);
        if !is_web || !is_plain || path.contains('?') {
            return None;
        }
        let path = path.trim_end_matches('/').to_owned();
        Some(Self { parts, path })
    }

    fn join(&self, rest: &str) -> Option<Uri> {
        let mut parts = http::uri::Parts::default();
        parts.scheme.clone_from(&self.parts.scheme);
        parts.authority.clone_from(&self.parts.authority);
        parts.path_and_query = Some(format!("{}/{rest}", self.path).parse().ok()?);
        Uri::from_parts(parts).ok()
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway")
            .field("providers", &self.providers)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(upstream) => {
                write!(
                    f,
                    "Http({:?}, {:?})",
                    upstream.dialect,
                    upstream.base.join("")
                )
            }
            Self::InProcess => f.write_str("InProcess"),
            Self::Simulated(place) => write!(f, "Simulated({place:?})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Base;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn h12_any_text_is_refused_as_a_base_url_or_leads_where_it_says(
            text in "(https?:)?/{0,3}[a-z0-9@:.\\[\\]%-]{0,12}[/?#\\\\ -~\u{e4}]{0,12}"
        ) {
            let url = Base::parse(&text).and_then(|base| base.join("chat/completions"));
            if let Some(url) = url {
                let authority = url.authority().map_or("", |it| it.as_str());
                prop_assert!(text.trim().contains(authority) && !authority.contains('@'));
                prop_assert!(url.path().ends_with("/chat/completions"), "{}", url);
                prop_assert_eq!(url.query(), None);
            }
        }
    }

    #[test]
    fn a_base_url_is_plain_and_carries_no_credential() {
        for (base, expected) in [
            (
                "https://api.openai.com/v1",
                Some("https://api.openai.com/v1/chat/completions"),
            ),
            (
                "http://127.0.0.1:8080/",
                Some("http://127.0.0.1:8080/chat/completions"),
            ),
            (
                "http://[::1]:8080",
                Some("http://[::1]:8080/chat/completions"),
            ),
            ("https://user:secret@host/v1", None),
            ("https://host/v1?key=secret", None),
            ("ftp://host/v1", None),
            ("host/v1", None),
            ("", None),
        ] {
            let url = Base::parse(base).and_then(|base| base.join("chat/completions"));
            let url = url.map(|url| url.to_string());
            assert_eq!(url.as_deref(), expected, "{base}");
        }
    }
}
