//! From a model's name to who serves it and what it costs.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use keypurse_core::price::{Price, Reach};
use keypurse_core::time::Timestamp;
use keypurse_providers::catalogue::{Extra, Mode, ModelEntry};
use keypurse_providers::images::{ImageTokens, image_tokens};
use keypurse_providers::tokenizer::Tokenizer;
use keypurse_providers::visible::shows_all_output;

use crate::gateway::config::StreamHold;
use crate::gateway::endpoint::kind::Endpoint;
use crate::gateway::error::GatewayError;
use crate::gateway::upstream::provider::{Gateway, Provider};

/// Names come from clients; beyond this many the cache starts again.
const MAX_CACHED: usize = 4096;

/// A model that can be called, and its price.
#[derive(Debug)]
pub(in crate::gateway) struct Route {
    pub(in crate::gateway) provider: Arc<Provider>,
    /// The provider's own name for the model.
    pub(in crate::gateway) model: Arc<str>,
    pub(in crate::gateway) price: Arc<Price>,
    /// What of the price a call of text can reach.
    text_price: Arc<Price>,
    /// Whether nothing can cost anything.
    pub(in crate::gateway) is_free: bool,
    /// Where the model's vocabulary is public.
    pub(in crate::gateway) tokenizer: Option<Tokenizer>,
    /// What the provider publishes about images.
    pub(in crate::gateway) image_tokens: Option<ImageTokens>,
    pub(in crate::gateway) max_output_tokens: Option<u64>,
    pub(in crate::gateway) max_input_tokens: Option<u64>,
    /// Whether images or sounds may cost more than the price says.
    prices_text_only: bool,
    /// Whether a stream shows all the output it is paid for, so that its hold
    /// can grow with it.
    pub(in crate::gateway) holds_in_blocks: bool,
    /// What the catalogue says it does, unless the operator set its price.
    mode: Option<Mode>,
    /// From when on the price may be another.
    until: Option<Timestamp>,
}

impl Route {
    /// What of the price a call can reach.
    pub(in crate::gateway) fn price_within(&self, reach: Reach) -> Arc<Price> {
        if reach == Reach::text() {
            Arc::clone(&self.text_price)
        } else {
            Arc::new(self.price.within(&reach))
        }
    }

    /// Whether the tier of a call that names none depends on the default of
    /// the account's project, which we cannot see. Only OpenAI has one.
    pub(in crate::gateway) fn pins_tier(&self) -> bool {
        &*self.provider.name == "openai" && self.price.tiers().next().is_some()
    }

    /// The most input tokens of a request whose bytes do not bound them.
    pub(in crate::gateway) fn opaque_input_bound(&self) -> Result<u64, GatewayError> {
        if self.prices_text_only {
            let why = "this model prices images, sounds and files apart";
            return Err(GatewayError::unpriced("messages", why));
        }
        let why = "its images, sounds or files are not bounded, as the model's input limit is \
                   not known";
        self.max_input_tokens
            .ok_or(GatewayError::unpriced("messages", why))
    }
}

/// Routes found before.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Routes {
    by_name: RwLock<HashMap<String, Arc<Route>>>,
}

impl Gateway {
    /// Who serves the model a client named, at which price.
    pub(in crate::gateway) fn route(
        &self,
        name: &str,
        endpoint: Endpoint,
        now: Timestamp,
    ) -> Result<Arc<Route>, GatewayError> {
        let cached = self
            .routes
            .by_name
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(route) = cached.get(name).filter(|route| route.is_valid(now)) {
            let route = Arc::clone(route);
            route.refuse_other(endpoint)?;
            return Ok(route);
        }
        drop(cached);
        let route = Arc::new(self.find_route(name, Some(endpoint), now)?);
        let mut cached = self
            .routes
            .by_name
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if cached.len() >= MAX_CACHED {
            cached.clear();
        }
        cached.insert(name.to_owned(), Arc::clone(&route));
        Ok(route)
    }

    /// The same, of whatever endpoint when none is named.
    pub(in crate::gateway) fn find_route(
        &self,
        name: &str,
        endpoint: Option<Endpoint>,
        now: Timestamp,
    ) -> Result<Route, GatewayError> {
        let name = self.aliases.resolve(name);
        if let Some((prefix, model)) = name.split_once('/')
            && let Some(provider) = self.providers.get(prefix)
        {
            return self.route_at(provider, model, endpoint, now);
        }
        if let Some(provider) = self.provider_serving(name) {
            return self.route_at(provider, name, endpoint, now);
        }
        Err(GatewayError::ModelNotFound {
            message: self.why_not_found(name),
        })
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
            refuse_other(endpoint, mode, provider, model)?;
        }
        let (price, until) = match (known, &entry) {
            (Some(known), _) => (Some(Arc::clone(&known.price)), None),
            (None, _) if provider.free => (Some(Arc::new(Price::free())), None),
            (None, Some(entry)) => (entry.price_at(now).map(Arc::new), entry.next_change(now)),
            (None, None) => (None, None),
        };
        let price = price.ok_or_else(|| GatewayError::ModelUnpriced {
            provider: provider.name.clone(),
            model: model.to_owned(),
        })?;
        let is_free = price.is_free();
        let holds_in_blocks = match provider.stream_hold {
            StreamHold::ByModel => shows_all_output(&provider.name, model),
            StreamHold::Full => false,
            StreamHold::Blocks => true,
        };
        // An alias is what its model is.
        let id = entry.as_ref().map_or(model, |entry| entry.id);
        Ok(Route {
            provider: Arc::clone(provider),
            model: model.into(),
            text_price: Arc::new(price.within(&Reach::text())),
            price,
            is_free,
            holds_in_blocks,
            tokenizer: Tokenizer::of(&provider.name, model),
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
        })
    }

    /// A model of the catalogue, its provider configured or not, as the
    /// simulator answers for it.
    pub(in crate::gateway) fn simulated_route(
        &self,
        name: &str,
        endpoint: Option<Endpoint>,
        now: Timestamp,
    ) -> Result<Route, GatewayError> {
        let known = self.find_route(name, endpoint, now);
        if known.is_ok() {
            return known;
        }
        let name = self.aliases.resolve(name);
        let named = name
            .split_once('/')
            .and_then(|(prefix, model)| self.catalogue.find(prefix, model));
        let entry = named.or_else(|| {
            let provider = self.catalogue.providers_serving(name).next()?;
            self.catalogue.find(provider, name)
        });
        let Some(entry) = entry else { return known };
        if let Some(endpoint) = endpoint {
            refuse_other_mode(endpoint, Some(entry.mode), entry.provider, entry.id)?;
        }
        let price = entry.price_at(now).unwrap_or_else(Price::free);
        Ok(Route {
            provider: Arc::new(Provider::simulated(entry.provider)),
            model: entry.id.into(),
            is_free: price.is_free(),
            text_price: Arc::new(price.within(&Reach::text())),
            price: Arc::new(price),
            tokenizer: Tokenizer::of(entry.provider, entry.id),
            image_tokens: image_tokens(entry.provider, entry.id),
            max_output_tokens: entry.max_output_tokens,
            max_input_tokens: entry.max_input_tokens,
            prices_text_only: false,
            holds_in_blocks: false,
            mode: Some(entry.mode),
            until: None,
        })
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

impl Route {
    /// Refuses calls of endpoints it does not answer.
    fn refuse_other(&self, endpoint: Endpoint) -> Result<(), GatewayError> {
        refuse_other(endpoint, self.mode, &self.provider, &self.model)
    }

    fn is_valid(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

fn refuse_other(
    endpoint: Endpoint,
    mode: Option<Mode>,
    provider: &Provider,
    model: &str,
) -> Result<(), GatewayError> {
    refuse_other_mode(endpoint, mode, &provider.name, model)?;
    if provider.reached.offers(endpoint) {
        return Ok(());
    }
    let (provider, plural) = (&provider.name, endpoint.plural());
    Err(GatewayError::ModelNotFound {
        message: format!("provider `{provider}` has no {plural}; use a model of another one"),
    })
}

fn refuse_other_mode(
    endpoint: Endpoint,
    mode: Option<Mode>,
    provider: &str,
    model: &str,
) -> Result<(), GatewayError> {
    match mode {
        Some(mode) if !endpoint.is_served_by(mode) => Err(GatewayError::ModelNotFound {
            message: format!(
                "`{provider}/{model}` is a model for `{}`, not for {}",
                mode.as_str(),
                endpoint.plural()
            ),
        }),
        Some(_) | None => Ok(()),
    }
}

fn prices_text_only(entry: &ModelEntry<'_>) -> bool {
    let media = [Extra::InputVideo, Extra::CachedImage];
    entry.extras().iter().any(|extra| media.contains(extra))
}
