//! A model that can be called: who serves it and what it costs.

use std::sync::Arc;

use keypurse_core::price::{ImageKind, ImagePrices, Price, Reach};
use keypurse_core::time::Timestamp;
use keypurse_providers::catalogue::Mode;
use keypurse_providers::images::ImageTokens;
use keypurse_providers::tokenizer::Tokenizer;

use crate::gateway::endpoint::kind::Endpoint;
use crate::gateway::endpoint::media::bound::{Painter, Unpublished};
use crate::gateway::error::GatewayError;
use crate::gateway::upstream::provider::Provider;
use crate::metrics::calls::{ModelMeters, RouteMeters};

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
    pub(super) images: ImagePrices,
    /// What of the price a call of text can reach.
    pub(super) text_price: Arc<Price>,
    /// Whether nothing can cost anything.
    pub(in crate::gateway) is_free: bool,
    /// Where the model's vocabulary is public.
    pub(in crate::gateway) tokenizer: Option<Tokenizer>,
    /// What the provider publishes about images.
    pub(in crate::gateway) image_tokens: Option<ImageTokens>,
    pub(in crate::gateway) max_output_tokens: Option<u64>,
    pub(in crate::gateway) max_input_tokens: Option<u64>,
    /// Whether images or sounds may cost more than the price says.
    pub(super) prices_text_only: bool,
    /// Whether a stream shows all the output it is paid for, so that its hold
    /// can grow with it.
    pub(in crate::gateway) holds_in_blocks: bool,
    /// What the catalogue says it does, unless the operator set its price.
    pub(in crate::gateway) mode: Option<Mode>,
    /// From when on the price may be another.
    pub(super) until: Option<Timestamp>,
    /// Its counters, looked up once.
    pub(super) meters: Arc<RouteMeters<{ Endpoint::ALL.len() }>>,
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

    /// Refuses calls of endpoints it does not answer.
    pub(super) fn refuse_other(&self, endpoint: Endpoint) -> Result<(), GatewayError> {
        refuse_unserved(endpoint, self.mode, &self.provider, &self.model)?;
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

    /// Whether its price is still the one of this time.
    pub(super) fn is_valid(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// Refuses calls of endpoints that the model or its provider is not for.
pub(super) fn refuse_unserved(
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
