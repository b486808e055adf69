//! What the gateway knows while it runs: providers, prices, the client.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use keypurse_core::id::TokenId;
use keypurse_core::price::{ImagePrices, Price};
use keypurse_core::time::Timestamp;
use keypurse_providers::catalogue::Catalogue;
use keypurse_providers::tokenizer;
use tokio::sync::Semaphore;

use super::cache::CachedAnswers;
use super::call::once::KeptAnswers;
use super::config::{GatewayConfig, GatewayConfigError, ModelPrice, ProviderKind};
use super::models::Lists;
use super::routing::alias::Aliases;
use super::routing::resolve::Routes;
use super::rules::Loads;
use super::sandbox::StoredResponses;
use super::upstream::client::{UpstreamClient, client};
use super::upstream::demo;
use super::upstream::provider::{Provider, Reached};
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

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway")
            .field("providers", &self.providers)
            .finish_non_exhaustive()
    }
}
