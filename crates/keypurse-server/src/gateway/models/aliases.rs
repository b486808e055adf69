//! What operators call models, by the names they stand for.

use keypurse_core::time::Timestamp;
use serde_json::{Value, json};

use crate::gateway::endpoint::kind::Endpoint;
use crate::gateway::state::Gateway;

impl Gateway {
    /// All aliases, or those that are called at one endpoint.
    pub(super) fn listed_aliases(
        &self,
        endpoint: Option<Endpoint>,
        now: Timestamp,
    ) -> impl Iterator<Item = Value> {
        let aliases = self.aliases.sorted().into_iter();
        let called = aliases.filter(move |(_, models)| {
            endpoint.is_none_or(|endpoint| self.route(&models[0], endpoint, now).is_ok())
        });
        called.map(|(name, models)| {
            let (provider, _) = models[0].split_once('/').expect("checked at the start");
            json!({
                "id": name,
                "object": "model",
                "created": 0,
                "owned_by": provider,
                "available": self.providers.contains_key(provider),
                "alias_of": models,
            })
        })
    }
}
