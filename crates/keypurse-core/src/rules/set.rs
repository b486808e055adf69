//! A token's rules, and changes of them.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use super::{Limits, ModelPattern, Network, Tag};

/// What an operator lets a token do. An empty list, or no limit, is no rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Only these models; empty: all.
    pub allowed_models: Vec<ModelPattern>,
    /// Not these models, even if they are allowed.
    pub denied_models: Vec<ModelPattern>,
    /// How much at once and per minute.
    pub limits: Limits,
    /// Only from these networks; empty: from everywhere.
    pub allowed_networks: Vec<Network>,
    /// What the operator calls the token by, for their own use.
    pub tags: Vec<Tag>,
    /// For how long the same request gets the same answer again; `None`: each
    /// is asked anew.
    pub response_cache_seconds: Option<NonZeroU32>,
}

impl Rules {
    /// Whether there is no rule and no tag.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether anything depends on the model.
    pub fn concern_models(&self) -> bool {
        !(self.allowed_models.is_empty() && self.denied_models.is_empty())
    }

    /// Whether a model may be called by this name, `provider/model`. Its own
    /// name is the one its aliases stand for: a denied model is denied under
    /// each of its names, an allowed name allows no other.
    pub fn permit_model(&self, name: &str, own_name: &str) -> bool {
        let is_in = |patterns: &[ModelPattern], name: &str| {
            let mut patterns = patterns.iter();
            patterns.any(|pattern| pattern.fits(name))
        };
        let (name, own_name) = (&name.to_ascii_lowercase(), &own_name.to_ascii_lowercase());
        let is_allowed = self.allowed_models.is_empty() || is_in(&self.allowed_models, name);
        let denied = &self.denied_models;
        is_allowed && !is_in(denied, name) && !is_in(denied, own_name)
    }

    /// Whether calls may come from this address.
    pub fn permit_address(&self, address: IpAddr) -> bool {
        let mut networks = self.allowed_networks.iter();
        self.allowed_networks.is_empty() || networks.any(|network| network.contains(address))
    }
}

/// A wish to change rules: `None` leaves one alone; an empty list, or
/// `Some(None)`, takes it away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RulesChange {
    /// Sets which models alone may be called.
    pub allowed_models: Option<Vec<ModelPattern>>,
    /// Sets which models may not be called.
    pub denied_models: Option<Vec<ModelPattern>>,
    /// Sets the limit of [`Limits::requests_per_minute`].
    pub requests_per_minute: Option<Option<NonZeroU32>>,
    /// Sets the limit of [`Limits::tokens_per_minute`].
    pub tokens_per_minute: Option<Option<NonZeroU32>>,
    /// Sets the limit of [`Limits::max_concurrency`].
    pub max_concurrency: Option<Option<NonZeroU32>>,
    /// Sets where calls alone may come from.
    pub allowed_networks: Option<Vec<Network>>,
    /// Sets the tags.
    pub tags: Option<Vec<Tag>>,
    /// Sets [`Rules::response_cache_seconds`].
    pub response_cache_seconds: Option<Option<NonZeroU32>>,
}

impl RulesChange {
    /// What it makes of a token's rules; `None`: there are none.
    pub(crate) fn applied_to(&self, rules: Option<&Arc<Rules>>) -> Option<Arc<Rules>> {
        if *self == Self::default() {
            return rules.cloned();
        }
        let old = rules.map(|rules| (**rules).clone()).unwrap_or_default();
        let Limits {
            requests_per_minute,
            tokens_per_minute,
            max_concurrency,
        } = old.limits;
        let new = Rules {
            allowed_models: self.allowed_models.clone().unwrap_or(old.allowed_models),
            denied_models: self.denied_models.clone().unwrap_or(old.denied_models),
            limits: Limits {
                requests_per_minute: self.requests_per_minute.unwrap_or(requests_per_minute),
                tokens_per_minute: self.tokens_per_minute.unwrap_or(tokens_per_minute),
                max_concurrency: self.max_concurrency.unwrap_or(max_concurrency),
            },
            allowed_networks: self
                .allowed_networks
                .clone()
                .unwrap_or(old.allowed_networks),
            tags: self.tags.clone().unwrap_or(old.tags),
            response_cache_seconds: self
                .response_cache_seconds
                .unwrap_or(old.response_cache_seconds),
        };
        (!new.is_empty()).then(|| Arc::new(new))
    }
}
