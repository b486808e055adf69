//! From a model's name to who serves it and what it costs.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use keypurse_core::price::{ImageKind, ImagePrices, Price, Reach};
use keypurse_core::time::Timestamp;
use keypurse_providers::catalogue::{Extra, Mode, ModelEntry};
use keypurse_providers::images::{ImageTokens, image_tokens};
use keypurse_providers::simulator::Scenario;
use keypurse_providers::tokenizer::Tokenizer;
use keypurse_providers::visible::shows_all_output;

use crate::gateway::config::StreamHold;
use crate::gateway::endpoint::kind::Endpoint;
use crate::gateway::endpoint::media::bound::{Painter, Unpublished};
use crate::gateway::error::GatewayError;
use crate::gateway::state::{Gateway, KnownPrice};
use crate::gateway::upstream::provider::Provider;
use crate::metrics::calls::{ModelMeters, OTHER_MODEL, RouteMeters};

/// Names come from clients; beyond this many the cache starts again.
const MAX_CACHED: usize = 4096;

/// A model that can be called, and its price.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Route {
    pub(in crate::gateway) provider: Arc<Provider>,
    /// The provider's own name for the model.
    pub(in crate::gateway) model: Arc<str>,
    /// What the catalogue calls it: an alias is what its model is.
    pub(in crate::gateway) id: Arc<str>,
    pub(in crate::gateway) price: Arc<Price>,
    /// What an image costs, where that depends on quality and size.
    images: ImagePrices,
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
    pub(in crate::gateway) mode: Option<Mode>,
    /// From when on the price may be another.
    until: Option<Timestamp>,
    /// Its counters, looked up once.
    meters: Arc<RouteMeters<{ Endpoint::ALL.len() }>>,
}

impl Route {
    /// What is counted about its calls.
    pub(in crate::gateway) fn meters(&self, endpoint: Endpoint) -> &ModelMeters {
        self.meters.at(endpoint as usize, endpoint.path())
    }

    /// What of the price a call can reach.
    pub(in crate::gateway) fn price_within(&self, reach: Reach) -> Arc<Price> {
        if reach == Reach::text() {
            Arc::clone(&self.text_price)
        } else {
            Arc::new(self.price.within(&reach))
        }
    }

    /// The same with the price of images of this kind. `None`: they have none.
    pub(in crate::gateway) fn with_image_price(&self, kind: ImageKind<'_>) -> Option<Self> {
        let rate = self.images.dearest(kind)?;
        let price = Price::clone(&self.price).with_images_at(rate);
        Some(Self {
            price: Arc::new(price),
            ..self.clone()
        })
    }

    /// Whether the price of an image depends on what was asked for.
    pub(in crate::gateway) fn prices_images_by_kind(&self) -> bool {
        !self.images.is_empty()
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
            refuse_other(endpoint, mode, provider, model)?;
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
        if let Some(endpoint) = endpoint {
            refuse_units(endpoint, &price, &provider.name, model)?;
        }
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
            route.refuse_unbounded(endpoint)?;
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

impl Route {
    /// Refuses calls of endpoints it does not answer.
    fn refuse_other(&self, endpoint: Endpoint) -> Result<(), GatewayError> {
        refuse_other(endpoint, self.mode, &self.provider, &self.model)?;
        refuse_units(endpoint, &self.price, &self.provider.name, &self.model)?;
        self.refuse_unbounded(endpoint)
    }

    /// Whether it answers calls of this endpoint.
    pub(in crate::gateway) fn answers(&self, endpoint: Endpoint) -> bool {
        self.refuse_other(endpoint).is_ok()
    }

    /// A model of the catalogue of whose images nobody says how many tokens they
    /// have. At a price of the operator's the call itself is refused, with the
    /// member of `[[prices]]` that is missing.
    fn refuse_unbounded(&self, endpoint: Endpoint) -> Result<(), GatewayError> {
        if self.mode != Some(Mode::Image) {
            return Ok(());
        }
        let painter = Painter {
            provider: &self.provider.name,
            model: &self.id,
            price: &self.price,
            max_input_tokens: self.max_input_tokens,
            max_output_tokens: self.max_output_tokens,
        };
        let (images, member) = match painter.unpublished(endpoint) {
            None => return Ok(()),
            Some(Unpublished::Made) => ("an image it makes", "max_output_tokens"),
            Some(Unpublished::Changed) => ("an image it changes", "max_input_tokens"),
        };
        let (name, path) = (&self.provider.name, endpoint.path());
        let model = &self.model;
        Err(GatewayError::ModelNotFound {
            message: format!(
                "nobody publishes how many tokens {images} has, so a call of `{name}/{model}` \
                 cannot be bounded here; GET /v1/{path}/models lists those that can, or set \
                 {member} in its [[prices]]"
            ),
        })
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
    let (name, plural) = (&provider.name, endpoint.plural());
    if let Some(mode) = mode.filter(|mode| !endpoint.is_served_by(*mode)) {
        let mode = mode.as_str();
        return Err(GatewayError::ModelNotFound {
            message: format!("`{name}/{model}` is a model for `{mode}`, not for {plural}"),
        });
    }
    if provider.reached.offers(endpoint) {
        return Ok(());
    }
    Err(GatewayError::ModelNotFound {
        message: format!("provider `{name}` has no {plural}; use a model of another one"),
    })
}

/// Whether its streams hold a block ahead of what they deliver.
fn holds_in_blocks(provider: &Provider, model: &str) -> bool {
    match provider.stream_hold {
        StreamHold::ByModel => shows_all_output(&provider.name, model),
        StreamHold::Full => false,
        StreamHold::Blocks => true,
    }
}

/// A price of characters, seconds or images says nothing about tokens.
fn refuse_units(
    endpoint: Endpoint,
    price: &Price,
    provider: &str,
    model: &str,
) -> Result<(), GatewayError> {
    if endpoint.is_of_media() || !price.has_unit_rates() {
        return Ok(());
    }
    Err(GatewayError::ModelNotFound {
        message: format!(
            "`{provider}/{model}` has a price of characters, seconds or images, so it is no model \
             for {}",
            endpoint.plural()
        ),
    })
}

fn prices_text_only(entry: &ModelEntry<'_>) -> bool {
    let media = [Extra::InputVideo, Extra::CachedImage];
    entry.extras().iter().any(|extra| media.contains(extra))
}
