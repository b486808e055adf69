//! From a model's name to who serves it and what it costs.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use keypurse_core::price::{Price, Reach};
use keypurse_core::time::Timestamp;
use keypurse_providers::catalogue::{Extra, ModelEntry};
use keypurse_providers::images::image_tokens;
use keypurse_providers::simulator::Scenario;
use keypurse_providers::tokenizer::Tokenizer;
use keypurse_providers::visible::shows_all_output;

use super::route::{Route, refuse_unserved};
use crate::gateway::config::StreamHold;
use crate::gateway::endpoint::kind::Endpoint;
use crate::gateway::error::GatewayError;
use crate::gateway::state::{Gateway, KnownPrice};
use crate::gateway::upstream::provider::Provider;
use crate::metrics::calls::{OTHER_MODEL, RouteMeters};

/// Names come from clients; beyond this many the cache starts again.
const MAX_CACHED: usize = 4096;

/// Routes found before.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Routes {
    by_name: RwLock<HashMap<String, Arc<Route>>>,
}

impl Routes {
    /// The route of this name, found before or now.
    fn get(
        &self,
        name: &str,
        endpoint: Endpoint,
        now: Timestamp,
        find: impl FnOnce() -> Result<Route, GatewayError>,
    ) -> Result<Arc<Route>, GatewayError> {
        let cached = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(route) = cached.get(name).filter(|route| route.is_valid(now)) {
            let route = Arc::clone(route);
            route.refuse_other(endpoint)?;
            return Ok(route);
        }
        drop(cached);
        let route = Arc::new(find()?);
        let mut cached = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        if cached.len() >= MAX_CACHED {
            cached.clear();
        }
        cached.insert(name.to_owned(), Arc::clone(&route));
        Ok(route)
    }
}

impl Gateway {
    /// Who serves the model a client named, at which price.
    pub(in crate::gateway) fn route(
        &self,
        name: &str,
        endpoint: Endpoint,
        now: Timestamp,
    ) -> Result<Arc<Route>, GatewayError> {
        let find = || self.find_route(name, Some(endpoint), now);
        self.routes.get(name, endpoint, now, find)
    }

    /// Who would serve it, and at which price, as the simulator answers for it.
    pub(in crate::gateway) fn sandbox_route(
        &self,
        name: &str,
        endpoint: Endpoint,
        now: Timestamp,
    ) -> Result<Arc<Route>, GatewayError> {
        let find = || self.simulated_route(name, Some(endpoint), now);
        self.simulated.get(name, endpoint, now, find)
    }

    /// The same, of whatever endpoint when none is named.
    pub(in crate::gateway) fn find_route(
        &self,
        name: &str,
        endpoint: Option<Endpoint>,
        now: Timestamp,
    ) -> Result<Route, GatewayError> {
        let Some((provider, model)) = self.configured(name) else {
            let message = self.why_not_found(name);
            return Err(GatewayError::ModelNotFound { message });
        };
        self.route_at(provider, model, endpoint, now)
    }

    /// The configured provider of a model, and the model's name there.
    fn configured<'a>(&'a self, name: &'a str) -> Option<(&'a Arc<Provider>, &'a str)> {
        let name = self.aliases.resolve(name);
        if let Some((prefix, model)) = name.split_once('/')
            && let Some(provider) = self.providers.get(prefix)
        {
            return Some((provider, model));
        }
        let provider = self.provider_serving(name)?;
        Some((provider, name))
    }

    /// Own prices first (of several providers the first by name, so that every
    /// start picks the same), then whom the catalogue names, most original
    /// first.
    fn provider_serving(&self, bare: &str) -> Option<&Arc<Provider>> {
        let by_price = self.pricing(bare).min_by_key(|provider| &provider.name);
        by_price.or_else(|| {
            let mut serving = self.catalogue.providers_serving(bare);
            serving.find_map(|provider| self.providers.get(provider))
        })
    }

    /// All configured providers of a model, in the same order.
    pub(in crate::gateway) fn providers_serving(&self, bare: &str) -> Vec<&Arc<Provider>> {
        let mut serving: Vec<_> = self.pricing(bare).collect();
        serving.sort_by_key(|provider| &provider.name);
        let by_catalogue = self.catalogue.providers_serving(bare);
        for provider in by_catalogue.filter_map(|provider| self.providers.get(provider)) {
            if !serving.iter().any(|known| known.name == provider.name) {
                serving.push(provider);
            }
        }
        serving
    }

    fn pricing(&self, bare: &str) -> impl Iterator<Item = &Arc<Provider>> {
        let priced = self.prices.keys().filter(move |(_, model)| model == bare);
        priced.filter_map(|(provider, _)| self.providers.get(provider))
    }

    fn route_at(
        &self,
        provider: &Arc<Provider>,
        model: &str,
        endpoint: Option<Endpoint>,
        now: Timestamp,
    ) -> Result<Route, GatewayError> {
        let entry = self.catalogue.find(&provider.name, model);
        let known = self
            .prices
            .get(&(provider.name.to_string(), model.to_owned()));
        let mode = entry.as_ref().map(|entry| entry.mode);
        let mode = mode.filter(|_| known.is_none());
        if let Some(endpoint) = endpoint {
            refuse_unserved(endpoint, mode, provider, model)?;
        }
        let (price, until) = match (known, &entry) {
            (Some(known), _) => (Some(Arc::clone(&known.price)), None),
            (None, _) if provider.free => (Some(Arc::new(Price::free())), None),
            (None, Some(entry)) => {
                // A simulated call spends nothing, whatever it would cost.
                let free = || provider.reached.is_simulated().then(Price::free);
                let price = entry.price_at(now).or_else(free);
                (price.map(Arc::new), entry.next_change(now))
            }
            (None, None) => (None, None),
        };
        let price = price.ok_or_else(|| GatewayError::ModelUnpriced {
            provider: provider.name.clone(),
            model: model.to_owned(),
        })?;
        let is_free = price.is_free();
        // An alias is what its model is.
        let id = entry.as_ref().map_or(model, |entry| entry.id);
        let meters = RouteMeters::new(
            &self.meters,
            &provider.name,
            label(entry.as_ref(), known, model),
        );
        let route = Route {
            meters: Arc::new(meters),
            provider: Arc::clone(provider),
            model: model.into(),
            text_price: Arc::new(price.within(&Reach::text())),
            price,
            is_free,
            holds_in_blocks: holds_in_blocks(provider, model),
            tokenizer: Tokenizer::of(&provider.name, model),
            id: id.into(),
            images: known.map(|known| known.images.clone()).unwrap_or_default(),
            image_tokens: image_tokens(&provider.name, model)
                .or_else(|| image_tokens(&provider.name, id)),
            max_output_tokens: known
                .and_then(|known| known.max_output_tokens)
                .or(entry.as_ref().and_then(|entry| entry.max_output_tokens)),
            max_input_tokens: known
                .and_then(|known| known.max_input_tokens)
                .or(entry.as_ref().and_then(|entry| entry.max_input_tokens)),
            prices_text_only: !is_free && entry.as_ref().is_some_and(prices_text_only),
            mode,
            until,
        };
        if let Some(endpoint) = endpoint {
            route.refuse_other(endpoint)?;
        }
        Ok(route)
    }

    /// A model of the catalogue, its provider configured or not, or one of the
    /// simulator's own, as the simulator answers for it. Where it leads nothing
    /// can be reached.
    pub(in crate::gateway) fn simulated_route(
        &self,
        name: &str,
        endpoint: Option<Endpoint>,
        now: Timestamp,
    ) -> Result<Route, GatewayError> {
        if let Some((provider, model)) = self.configured(name) {
            return self.route_at(&Arc::new(provider.simulated()), model, endpoint, now);
        }
        let name = self.aliases.resolve(name);
        let named = name
            .split_once('/')
            .and_then(|(prefix, model)| self.catalogue.find(prefix, model));
        let entry = named.or_else(|| {
            let provider = self.catalogue.providers_serving(name).next()?;
            self.catalogue.find(provider, name)
        });
        if let Some(entry) = entry {
            let provider = Arc::new(Provider::unconfigured(entry.provider));
            return self.route_at(&provider, entry.id, endpoint, now);
        }
        let own = name
            .split_once('/')
            .filter(|_| Scenario::of_model(name).is_some());
        if let Some((prefix, model)) = own {
            let provider = Arc::new(Provider::simulator(prefix));
            return self.route_at(&provider, model, endpoint, now);
        }
        let message = self.why_not_found(name);
        Err(GatewayError::ModelNotFound { message })
    }

    fn why_not_found(&self, name: &str) -> String {
        let serving: Vec<&str> = match name.split_once('/') {
            Some((prefix, model)) if self.catalogue.find(prefix, model).is_some() => vec![prefix],
            _ => self.catalogue.providers_serving(name).take(3).collect(),
        };
        if serving.is_empty() {
            return format!("the model `{name}` is not known; GET /v1/models lists those that are");
        }
        let listed = serving.join("`, `");
        format!("the model `{name}` is served by `{listed}`, which is not configured here")
    }
}

/// What a model is counted as: a name clients cannot make up.
fn label<'a>(
    entry: Option<&ModelEntry<'a>>,
    known: Option<&KnownPrice>,
    model: &'a str,
) -> &'a str {
    match (entry, known) {
        (Some(entry), _) => entry.id,
        (None, Some(_)) => model,
        (None, None) => OTHER_MODEL,
    }
}

/// Whether its streams hold a block ahead of what they deliver.
fn holds_in_blocks(provider: &Provider, model: &str) -> bool {
    match provider.stream_hold {
        StreamHold::ByModel => shows_all_output(&provider.name, model),
        StreamHold::Full => false,
        StreamHold::Blocks => true,
    }
}

fn prices_text_only(entry: &ModelEntry<'_>) -> bool {
    let media = [Extra::InputVideo, Extra::CachedImage];
    entry.extras().iter().any(|extra| media.contains(extra))
}
