//! How providers are doing, as those who only look are told.

use crate::facts::{ProviderFacts, ProviderState};
use crate::gateway::routing::health::Health;
use crate::gateway::state::Gateway;

impl Gateway {
    /// Every configured provider, in alphabetical order.
    pub fn provider_facts(&self) -> Vec<ProviderFacts> {
        let mut all: Vec<_> = self.providers.values().collect();
        all.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        let facts = all.into_iter().map(|provider| ProviderFacts {
            name: provider.name.to_string(),
            state: state(&provider.health),
            latency_us: provider.health.latency(),
            speed: provider.health.speed(),
        });
        facts.collect()
    }
}

fn state(health: &Health) -> ProviderState {
    let failures = health.failures();
    match health.paused_until() {
        Some(until) => ProviderState::Paused { failures, until },
        None if failures == 0 => ProviderState::Well,
        None => ProviderState::Failing { failures },
    }
}
