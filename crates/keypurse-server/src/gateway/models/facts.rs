//! All models, as those who only look are told.

use keypurse_core::time::Timestamp;
use keypurse_providers::catalogue::ModelEntry;

use crate::facts::{ModelFacts, PriceSource};
use crate::gateway::state::Gateway;

impl Gateway {
    /// Every model of the catalogue and every one with a price of the
    /// operator's, in alphabetical order; those that cannot be called too.
    pub fn model_facts(&self, now: Timestamp) -> Vec<ModelFacts> {
        let own = self.prices.iter().map(|((provider, model), known)| {
            let entry = self.catalogue.find(provider, model);
            let entry = entry.filter(|entry| entry.id == model);
            ModelFacts {
                provider: provider.clone(),
                model: model.clone(),
                mode: entry.map(|entry| entry.mode),
                price: PriceSource::Operator((*known.price).clone()),
                max_input_tokens: known.max_input_tokens,
                max_output_tokens: known.max_output_tokens,
                is_available: self.providers.contains_key(provider),
            }
        });
        let is_overridden = |entry: &ModelEntry<'_>| {
            let name = (entry.provider.to_owned(), entry.id.to_owned());
            self.prices.contains_key(&name)
        };
        let others = self.catalogue.models();
        let others = others.filter(|entry| !is_overridden(entry));
        let others = others.map(|entry| self.catalogue_facts(&entry, now));
        let mut all: Vec<_> = own.chain(others).collect();
        all.sort_by(|a, b| (&a.provider, &a.model).cmp(&(&b.provider, &b.model)));
        all
    }

    fn catalogue_facts(&self, entry: &ModelEntry<'_>, now: Timestamp) -> ModelFacts {
        let provider = self.providers.get(entry.provider);
        let price = match entry.price_at(now) {
            _ if provider.is_some_and(|provider| provider.free) => PriceSource::Free,
            Some(price) => PriceSource::Catalogue(price),
            None => {
                let reason = entry.unpriced_reason(now).unwrap_or("no known price");
                PriceSource::Unpriced(reason.to_owned())
            }
        };
        ModelFacts {
            provider: entry.provider.to_owned(),
            model: entry.id.to_owned(),
            mode: Some(entry.mode),
            price,
            max_input_tokens: entry.max_input_tokens,
            max_output_tokens: entry.max_output_tokens,
            is_available: provider.is_some(),
        }
    }
}
