//! Which models there are.

use std::borrow::Cow;

use keypurse_core::price::Price;
use keypurse_core::time::Timestamp;
use keypurse_providers::catalogue::Mode;
use serde_json::Value;

use super::listed::Listed;
use crate::gateway::endpoint::kind::Endpoint;
use crate::gateway::endpoint::media::bound::Painter;
use crate::gateway::error::GatewayError;
use crate::gateway::state::Gateway;
use crate::gateway::upstream::provider::Place;

impl Gateway {
    /// Models that can be called, at one endpoint or at any: those with a
    /// price of the operator's first.
    pub(super) fn listed(&self, endpoint: Option<Endpoint>, now: Timestamp) -> Vec<Listed<'_>> {
        let mut own: Vec<_> = self.prices.iter().collect();
        own.sort_by_key(|(name, _)| *name);
        let own = own.into_iter().filter_map(|((provider, model), known)| {
            let configured = self.providers.get(provider)?;
            answers(endpoint, None, configured.reached.place()).then_some(Listed {
                provider,
                model,
                price: Cow::Borrowed(&*known.price),
                mode: None,
                max_input_tokens: known.max_input_tokens,
                max_output_tokens: known.max_output_tokens,
                is_available: true,
            })
        });
        own.chain(self.of_catalogue(endpoint, now)).collect()
    }

    fn of_catalogue(
        &self,
        endpoint: Option<Endpoint>,
        now: Timestamp,
    ) -> impl Iterator<Item = Listed<'_>> {
        self.catalogue.models().filter_map(move |entry| {
            let provider = self.providers.get(entry.provider);
            let name = (entry.provider.into(), entry.id.into());
            let is_foreign = provider.is_none() && !self.providers.is_empty();
            if is_foreign || self.prices.contains_key(&name) {
                return None;
            }
            let is_free = provider.is_some_and(|provider| provider.free);
            let price = if is_free {
                Some(Price::free())
            } else {
                entry.price_at(now)
            };
            let price = price?;
            let painter = Painter {
                provider: entry.provider,
                model: entry.id,
                price: &price,
                max_input_tokens: entry.max_input_tokens,
                max_output_tokens: entry.max_output_tokens,
            };
            let place = provider.map_or_else(
                || Place::of_unconfigured(entry.provider),
                |provider| provider.reached.place(),
            );
            if !answers(endpoint, Some((entry.mode, painter)), place) {
                return None;
            }
            Some(Listed {
                provider: entry.provider,
                model: entry.id,
                price: Cow::Owned(price),
                mode: Some(entry.mode),
                max_input_tokens: entry.max_input_tokens,
                max_output_tokens: entry.max_output_tokens,
                is_available: provider.is_some(),
            })
        })
    }

    /// What is said of the model of this name.
    pub(super) fn model(&self, name: &str, now: Timestamp) -> Result<Value, GatewayError> {
        let (route, is_available) = match self.find_route(name, None, now) {
            Ok(route) => {
                let answers = Endpoint::ALL.iter().any(|it| route.answers(*it));
                (route, answers)
            }
            Err(GatewayError::ModelNotFound { .. }) => {
                (self.simulated_route(name, None, now)?, false)
            }
            Err(error) => return Err(error),
        };
        let listed = Listed {
            provider: &route.provider.name,
            model: &route.model,
            price: Cow::Borrowed(&*route.price),
            mode: route.mode,
            max_input_tokens: route.max_input_tokens,
            max_output_tokens: route.max_output_tokens,
            is_available,
        };
        Ok(listed.to_json())
    }
}

/// Whether calls of this endpoint, or of any, lead to a model of that mode and
/// can be bounded.
fn answers(endpoint: Option<Endpoint>, model: Option<(Mode, Painter<'_>)>, place: Place) -> bool {
    let answers = |endpoint: &Endpoint| {
        model.is_none_or(|(mode, painter)| {
            endpoint.is_served_by(mode) && painter.unpublished(*endpoint).is_none()
        }) && place.offers(*endpoint)
    };
    match endpoint {
        Some(endpoint) => answers(&endpoint),
        None => Endpoint::ALL.iter().any(answers),
    }
}
