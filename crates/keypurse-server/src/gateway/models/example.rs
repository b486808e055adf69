//! A model to try a token with.

use keypurse_core::time::Timestamp;
use keypurse_core::token::{TokenKind, TokenSettings};

use crate::gateway::endpoint::kind::Endpoint;
use crate::gateway::state::Gateway;

/// Cheap, known to everybody, and in the catalogue.
const USUAL: &str = "openai/gpt-4o-mini";

impl Gateway {
    /// A model for chat that this token can call now, if there is one.
    pub fn example_model(&self, settings: &TokenSettings, now: Timestamp) -> Option<String> {
        let is_permitted = |name: &str| {
            let rules = settings.rules.as_deref();
            rules.is_none_or(|rules| rules.permit_model(name, name))
        };
        let models = self.listed(Some(Endpoint::Chat), now);
        let callable = models
            .iter()
            .filter(|model| settings.kind == TokenKind::Sandbox || model.is_available)
            .map(|model| format!("{}/{}", model.provider, model.model));
        let mut permitted = callable.filter(|name| is_permitted(name)).peekable();
        let first = permitted.peek().cloned();
        permitted.find(|name| name == USUAL).or(first)
    }
}
