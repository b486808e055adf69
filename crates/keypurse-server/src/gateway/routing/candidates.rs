//! The models that may answer a call, in the order they are asked.

use std::cmp::Reverse;
use std::sync::Arc;

use keypurse_core::time::Timestamp;

use super::wish::{Sort, Wishes};
use crate::gateway::call::bound::Bound;
use crate::gateway::call::resolve::Route;
use crate::gateway::endpoint::asked::Asked;
use crate::gateway::endpoint::kind::Endpoint;
use crate::gateway::error::GatewayError;
use crate::gateway::state::Gateway;

/// Models that are tried for one call: its own and three others.
pub(in crate::gateway) const MOST_CANDIDATES: usize = 4;

/// A model that may answer a call, and what it can cost there.
#[derive(Debug)]
pub(in crate::gateway) struct Candidate {
    pub(in crate::gateway) route: Arc<Route>,
    pub(in crate::gateway) bound: Bound,
}

impl Candidate {
    fn of(gateway: &Gateway, asked: &Asked, route: Arc<Route>) -> Result<Self, GatewayError> {
        let route = priced(asked, route)?;
        let bound = Bound::of(asked, &route, gateway.default_output_limit)?;
        Ok(Self { route, bound })
    }
}

/// A route at the price of what is asked for. What has none is refused.
pub(in crate::gateway) fn priced(
    asked: &Asked,
    route: Arc<Route>,
) -> Result<Arc<Route>, GatewayError> {
    asked.refuse_unpriced(&route)?;
    match asked.asked_media() {
        Some(media) => media.at_its_price(route),
        None => Ok(route),
    }
}

/// The model to be asked first, and those to be asked when it fails.
#[derive(Debug)]
pub(in crate::gateway) struct Chosen {
    pub(in crate::gateway) first: Candidate,
    pub(in crate::gateway) others: Vec<Candidate>,
}

impl Chosen {
    /// There is one way only.
    pub(in crate::gateway) fn only(
        gateway: &Gateway,
        asked: &Asked,
        route: Arc<Route>,
    ) -> Result<Self, GatewayError> {
        Ok(Self {
            first: Candidate::of(gateway, asked, route)?,
            others: Vec::new(),
        })
    }
}

/// Whether a token's rules permit a model, or why not.
pub(in crate::gateway) trait Permits:
    Fn(&Route) -> Result<(), GatewayError>
{
}

impl<T: Fn(&Route) -> Result<(), GatewayError>> Permits for T {}

impl Gateway {
    /// Who may answer a call. What the client named itself must be permitted;
    /// of what its name stands for, the part that is.
    pub(in crate::gateway) fn choose(
        &self,
        asked: &Asked,
        wishes: Option<&Wishes>,
        now: Timestamp,
        permits: impl Permits,
    ) -> Result<Chosen, GatewayError> {
        if wishes.is_none()
            && self
                .aliases
                .get(&asked.model)
                .is_none_or(|all| all.len() == 1)
        {
            let route = self.route(&asked.model, asked.endpoint, now)?;
            // Whether it is permitted, admission asks.
            return Chosen::only(self, asked, route);
        }
        // What a response goes on from, and its own id, belong to one provider.
        let is_bound = asked.endpoint == Endpoint::Responses;
        if is_bound && wishes.is_some_and(|wishes| !wishes.fallbacks.is_empty()) {
            let wrong = "a response belongs to one provider: leave `fallbacks` out here";
            return Err(GatewayError::invalid(Some("fallbacks"), wrong));
        }
        let none = Wishes::default();
        let wishes = wishes.unwrap_or(&none);
        let mut found = self.standing_for(&asked.model, asked, wishes, now, &permits)?;
        if let Some(sort) = wishes.sort {
            put_in_order(&mut found, sort);
        }
        for fallback in &wishes.fallbacks {
            found.extend(self.standing_for(fallback, asked, wishes, now, &permits)?);
        }
        let mut seen: Vec<(Arc<str>, Arc<str>)> = Vec::new();
        found.retain(|candidate| {
            let Route {
                provider, model, ..
            } = &*candidate.route;
            let name = (Arc::clone(&provider.name), Arc::clone(model));
            let is_new = !seen.contains(&name);
            seen.push(name);
            is_new
        });
        found.truncate(if is_bound { 1 } else { MOST_CANDIDATES });
        // Stable: who fails lately goes last, in the order that was asked for.
        found.sort_by_cached_key(|candidate| candidate.route.provider.health.is_paused(now));
        let first = found.remove(0);
        Ok(Chosen {
            first,
            others: found,
        })
    }

    /// The models a name stands for: at least one.
    fn standing_for(
        &self,
        name: &str,
        asked: &Asked,
        wishes: &Wishes,
        now: Timestamp,
        permits: &impl Permits,
    ) -> Result<Vec<Candidate>, GatewayError> {
        let names = self.names_for(name, wishes);
        let mut found = Vec::with_capacity(names.len());
        let mut refused = None;
        for one in &names {
            let candidate = self.candidate(one, asked, wishes, now, permits);
            match candidate {
                Ok(candidate) => found.push(candidate),
                Err(error) if refused.is_none() => refused = Some(error),
                Err(_) => {}
            }
        }
        match refused {
            Some(refused) if found.is_empty() => Err(refused),
            _ if found.is_empty() => Err(none_allowed(name)),
            _ => Ok(found),
        }
    }

    /// Several names only for an alias, or for a model without its provider
    /// when the request says which of them.
    fn names_for(&self, name: &str, wishes: &Wishes) -> Vec<String> {
        if let Some(models) = self.aliases.get(name) {
            return models.to_vec();
        }
        let names_provider = name
            .split_once('/')
            .is_some_and(|(prefix, _)| self.providers.contains_key(prefix));
        if names_provider || !wishes.concern_providers() {
            return vec![name.to_owned()];
        }
        let serving = self.providers_serving(name);
        if serving.is_empty() {
            return vec![name.to_owned()];
        }
        let serving = serving.iter();
        let allowed = serving.filter(|provider| wishes.allow(&provider.name));
        allowed
            .map(|provider| format!("{}/{name}", provider.name))
            .collect()
    }

    fn candidate(
        &self,
        name: &str,
        asked: &Asked,
        wishes: &Wishes,
        now: Timestamp,
        permits: &impl Permits,
    ) -> Result<Candidate, GatewayError> {
        let route = self.route(name, asked.endpoint, now)?;
        if !wishes.allow(&route.provider.name) {
            return Err(none_allowed(name));
        }
        permits(&route)?;
        Candidate::of(self, asked, route)
    }
}

/// Who has not been seen yet goes last: it is known of nobody that they are
/// better.
fn put_in_order(found: &mut [Candidate], sort: Sort) {
    let health = |candidate: &Candidate| {
        let health = &candidate.route.provider.health;
        (health.latency(), health.speed())
    };
    match sort {
        Sort::Price => found.sort_by_key(|candidate| candidate.bound.full),
        Sort::Latency => {
            found.sort_by_cached_key(|candidate| health(candidate).0.unwrap_or(u64::MAX));
        }
        Sort::Throughput => found.sort_by_cached_key(|candidate| Reverse(health(candidate).1)),
    }
}

fn none_allowed(name: &str) -> GatewayError {
    let message =
        format!("none of `allowed_providers` serves `{name}` here; allow another, or leave it out");
    GatewayError::ModelNotFound { message }
}
