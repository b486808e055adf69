//! What the gateway knows while it runs: providers, prices, the client.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, RwLock};

use http::uri::{PathAndQuery, Scheme};
use http::{HeaderValue, Uri};
use keypurse_core::price::Price;
use keypurse_providers::catalogue::Catalogue;
use keypurse_providers::tokenizer;
use thiserror::Error;
use tokio::sync::Semaphore;

use super::config::{
    GatewayConfig, ModelPrice, OpenAiUpstream, OutputLimitField, ProviderConfig, ProviderKey,
    ProviderKind, StreamHold, Timeouts,
};
use super::demo;
use super::models::ListedModels;
use super::once::KeptAnswers;
use super::resolve::Routes;
use super::rules::Loads;
use super::upstream_client::{UpstreamClient, client};

/// Providers, prices and the client that reaches them.
pub struct Gateway {
    pub(super) catalogue: Catalogue,
    pub(super) providers: HashMap<String, Arc<Provider>>,
    pub(super) prices: HashMap<(String, String), KnownPrice>,
    pub(super) default_output_limit: u64,
    pub(super) client: UpstreamClient,
    /// How many more calls without a client may be read to their end.
    pub(super) drains: Arc<Semaphore>,
    pub(super) routes: Routes,
    pub(super) kept: Arc<KeptAnswers>,
    pub(super) loads: Loads,
    pub(super) listed: RwLock<Option<ListedModels>>,
}

/// A price an operator set, or one that is built in.
#[derive(Debug)]
pub(super) struct KnownPrice {
    pub(super) price: Arc<Price>,
    pub(super) max_input_tokens: Option<u64>,
    pub(super) max_output_tokens: Option<u64>,
}

/// A configured provider.
#[derive(Debug)]
pub(super) struct Provider {
    pub(super) name: Arc<str>,
    pub(super) free: bool,
    pub(super) timeouts: Timeouts,
    pub(super) output_limit_field: OutputLimitField,
    pub(super) stream_hold: StreamHold,
    pub(super) reached: Reached,
}

/// How a provider is reached.
pub(super) enum Reached {
    Http {
        chat: Uri,
        authorization: Option<HeaderValue>,
        /// To recognise it in an answer, which must not show it.
        key: Option<ProviderKey>,
    },
    InProcess,
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
        for provider in config.providers {
            if matches!(provider.kind, ProviderKind::Demo) {
                let (key, known) = known_price(demo::model(&provider.name));
                prices.entry(key).or_insert(known);
            }
            let provider = Provider::new(provider)?;
            let name = provider.name.to_string();
            if providers.insert(name.clone(), Arc::new(provider)).is_some() {
                return Err(GatewayConfigError::DuplicateProvider(name));
            }
        }
        Ok(Self {
            catalogue: Catalogue::bundled(),
            client: client().map_err(GatewayConfigError::Tls)?,
            providers,
            prices,
            default_output_limit: config.default_output_limit,
            drains: Arc::new(Semaphore::new(config.max_drains)),
            routes: Routes::default(),
            kept: Arc::default(),
            loads: Loads::default(),
            listed: RwLock::default(),
        })
    }

    /// Configured providers, in alphabetical order.
    pub fn provider_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.providers.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
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

    /// The day the bundled prices were published.
    pub fn prices_date(&self) -> &str {
        self.catalogue.date()
    }
}

fn known_price(price: ModelPrice) -> ((String, String), KnownPrice) {
    let known = KnownPrice {
        price: Arc::new(price.price),
        max_input_tokens: price.max_input_tokens,
        max_output_tokens: price.max_output_tokens,
    };
    ((price.provider, price.model), known)
}

impl Provider {
    /// Stands for a provider that is not configured.
    pub(super) fn simulated(name: &str) -> Self {
        Self {
            name: name.into(),
            free: true,
            timeouts: Timeouts::default(),
            output_limit_field: OutputLimitField::MaxTokens,
            stream_hold: StreamHold::Full,
            reached: Reached::InProcess,
        }
    }

    fn new(config: ProviderConfig) -> Result<Self, GatewayConfigError> {
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
            ProviderKind::OpenAi(upstream) => (
                reached(&name, &upstream)?,
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
        })
    }
}

fn reached(name: &str, upstream: &OpenAiUpstream) -> Result<Reached, GatewayConfigError> {
    let chat =
        chat_url(&upstream.base_url).ok_or_else(|| GatewayConfigError::BaseUrl(name.to_owned()))?;
    let authorization = upstream
        .api_key
        .as_ref()
        .map(|key| bearer(name, key))
        .transpose()?;
    Ok(Reached::Http {
        chat,
        authorization,
        key: upstream.api_key.clone(),
    })
}

fn bearer(name: &str, key: &ProviderKey) -> Result<HeaderValue, GatewayConfigError> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", key.expose()))
        .map_err(|_| GatewayConfigError::ApiKey(name.to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

fn chat_url(base: &str) -> Option<Uri> {
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
    let path = format!("{}/chat/completions", path.trim_end_matches('/'));
    parts.path_and_query = Some(path.parse().ok()?);
    Uri::from_parts(parts).ok()
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
            Self::Http { chat, .. } => write!(f, "Http({chat})"),
            Self::InProcess => f.write_str("InProcess"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::chat_url;

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
            let url = chat_url(base).map(|url| url.to_string());
            assert_eq!(url.as_deref(), expected, "{base}");
        }
    }
}
