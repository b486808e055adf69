//! The models that may answer a call, in the order they are asked.

use std::cmp::Reverse;
use std::sync::Arc;

use keypurse_core::time::Timestamp;

use super::wish::{Sort, Wishes};
use crate::gateway::call::bound::Bound;
use crate::gateway::endpoint::asked::Asked;
use crate::gateway::endpoint::kind::Endpoint;
use crate::gateway::error::GatewayError;
use crate::gateway::routing::route::Route;
use crate::gateway::state::Gateway;
use crate::gateway::upstream::provider::{Place, Provider};

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

/// Who answers in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum AnsweredBy {
    Providers,
    /// In the name of providers, configured or not. It does not fail unless it
    /// is asked to, so the first is the only one; and the same request finds
    /// the same one, however providers did lately.
    Simulator,
}

/// The search for who may answer a call.
pub(in crate::gateway) struct Search<'a, P> {
    pub(in crate::gateway) gateway: &'a Gateway,
    pub(in crate::gateway) asked: &'a Asked,
    pub(in crate::gateway) wishes: Option<&'a Wishes>,
    pub(in crate::gateway) now: Timestamp,
    pub(in crate::gateway) answered_by: AnsweredBy,
    pub(in crate::gateway) permits: P,
}

impl<P: Permits> Search<'_, P> {
    /// Who may answer a call. What the client named itself must be permitted;
    /// of what its name stands for, the part that is.
    pub(in crate::gateway) fn choose(&self) -> Result<Chosen, GatewayError> {
        if let Some(route) = self.only_route() {
            // Whether it is permitted, admission asks.
            return Chosen::only(self.gateway, self.asked, route?);
        }
        // What a response goes on from, and its own id, belong to one provider.
        let is_bound = self.asked.endpoint == Endpoint::Responses;
        let none = Wishes::default();
        let wishes = self.wishes.unwrap_or(&none);
        if is_bound && !wishes.fallbacks.is_empty() {
            let wrong = "a response belongs to one provider: leave `fallbacks` out here";
            return Err(GatewayError::invalid(Some("fallbacks"), wrong));
        }
        let is_simulated = self.answered_by == AnsweredBy::Simulator;
        let mut found = self.standing_for(&self.asked.model, wishes)?;
        match wishes.sort {
            Some(Sort::Latency | Sort::Throughput) if is_simulated => {}
            Some(sort) => put_in_order(&mut found, sort),
            None => {}
        }
        for fallback in &wishes.fallbacks {
            found.extend(self.standing_for(fallback, wishes)?);
        }
        leave_out_repeated(&mut found);
        found.truncate(if is_bound || is_simulated {
            1
        } else {
            MOST_CANDIDATES
        });
        // Stable: who fails lately goes last, in the order that was asked for.
        found.sort_by_cached_key(|candidate| candidate.route.provider.health.is_paused(self.now));
        let first = found.remove(0);
        Ok(Chosen {
            first,
            others: found,
        })
    }

    /// The route of a call that leaves no choice: nothing is wished for, and its
    /// model's name stands for one.
    pub(in crate::gateway) fn only_route(&self) -> Option<Result<Arc<Route>, GatewayError>> {
        let model = &self.asked.model;
        let named = self.gateway.aliases.get(model);
        let is_alone = self.wishes.is_none() && named.is_none_or(|models| models.len() == 1);
        is_alone.then(|| self.route(model))
    }

    fn route(&self, name: &str) -> Result<Arc<Route>, GatewayError> {
        let endpoint = self.asked.endpoint;
        match self.answered_by {
            AnsweredBy::Providers => self.gateway.route(name, endpoint, self.now),
            AnsweredBy::Simulator => self.gateway.sandbox_route(name, endpoint, self.now),
        }
    }

    /// The models a name stands for: at least one.
    fn standing_for(&self, name: &str, wishes: &Wishes) -> Result<Vec<Candidate>, GatewayError> {
        let names = self.names_for(name, wishes);
        let mut found = Vec::with_capacity(names.len());
        let mut refused = None;
        for one in &names {
            match self.candidate(one, wishes) {
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
        let gateway = self.gateway;
        if let Some(models) = gateway.aliases.get(name) {
            return models.to_vec();
        }
        let named = name.split_once('/');
        let names_provider =
            named.is_some_and(|(prefix, _)| gateway.providers.contains_key(prefix));
        if names_provider || !wishes.concern_providers() {
            return vec![name.to_owned()];
        }
        let serving = gateway.providers_serving(name);
        let mut serving: Vec<&str> = serving.iter().map(|provider| &*provider.name).collect();
        let names_model =
            named.is_some_and(|(prefix, model)| gateway.catalogue.find(prefix, model).is_some());
        if serving.is_empty() && !names_model && self.answered_by == AnsweredBy::Simulator {
            serving = gateway.catalogue.providers_serving(name).collect();
        }
        if serving.is_empty() {
            return vec![name.to_owned()];
        }
        let allowed = serving.iter().filter(|provider| wishes.allow(provider));
        allowed
            .map(|provider| format!("{provider}/{name}"))
            .collect()
    }

    fn candidate(&self, name: &str, wishes: &Wishes) -> Result<Candidate, GatewayError> {
        let route = self.route(name)?;
        let Provider {
            name: provider,
            reached,
            ..
        } = &*route.provider;
        // The sandbox's own models are nobody's.
        if !wishes.allow(provider) && reached.place() != Place::Nobody {
            return Err(none_allowed(name));
        }
        (self.permits)(&route)?;
        Candidate::of(self.gateway, self.asked, route)
    }
}

/// Who is named twice is asked once.
fn leave_out_repeated(found: &mut Vec<Candidate>) {
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
