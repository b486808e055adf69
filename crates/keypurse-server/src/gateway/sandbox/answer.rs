//! The order of steps of a sandbox call.

use std::net::IpAddr;
use std::sync::Arc;

use axum::response::Response;
use http::HeaderMap;
use keypurse_core::id::CallId;
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;
use keypurse_providers::simulator::{Content, Scenario};
use keypurse_store::{Claim, TokenCredential};

use super::asked::scenario;
use super::cost::{counts, simulated_cost};
use super::record::record;
use super::silence::due;
use super::simulate::{Received, Stamped, simulate};
use super::stream::{Cut, UnderWay, pieces, stream};
use super::whole::{Beside, Whole, whole};
use crate::gateway::call::bound::Bound;
use crate::gateway::call::fund::unrecordable;
use crate::gateway::call::once::keep_stream;
use crate::gateway::endpoint::asked::Asked;
use crate::gateway::error::GatewayError;
use crate::gateway::relay::cost::Paid;
use crate::gateway::routing::candidates::{AnsweredBy, Search, priced};
use crate::gateway::routing::route::Route;
use crate::gateway::routing::wish::Wishes;
use crate::gateway::rules::{self, Wanted};
use crate::gateway::state::Gateway;
use crate::state::{AppState, State};

/// A call to be simulated.
pub(in crate::gateway) struct Call<'a> {
    pub(in crate::gateway) id: CallId,
    pub(in crate::gateway) started_at: Timestamp,
    pub(in crate::gateway) token: &'a TokenCredential,
    pub(in crate::gateway) address: IpAddr,
    /// Whether its client wants it made once.
    pub(in crate::gateway) claim: Option<Claim>,
    /// Who may answer it.
    pub(in crate::gateway) wishes: Option<&'a Wishes>,
}

impl Call<'_> {
    /// As the rules see it.
    fn wanted<'r>(&self, route: &'r Route) -> Wanted<'r> {
        Wanted {
            address: self.address,
            provider: &route.provider.name,
            model: &route.model,
        }
    }
}

/// Answers as a provider would, or fails as the client asked.
pub(in crate::gateway) async fn answer(
    state: &AppState,
    call: &Call<'_>,
    headers: &HeaderMap,
    asked: &Asked,
) -> Result<Response, GatewayError> {
    let scenario = scenario(headers, &asked.model)?;
    let gateway = &state.gateway;
    let route = route(gateway, call, asked)?;
    let permit = rules::admit(state, Some(call.token), &call.wanted(&route))?;
    let stamped = Stamped {
        call: call.id,
        at: call.started_at,
    };
    let received = Received::of(asked);
    let reply = match simulate(gateway, received, &route, stamped, scenario) {
        Ok(reply) => reply,
        Err(failure) => return Err(due(state, failure, call.token.token, &route).await),
    };
    let counts = counts(&reply.usage, asked, &route);
    let cost = simulated_cost(&counts, &route);
    let pace = scenario.map(Scenario::pace).unwrap_or_default();
    if !pace.start.is_zero() {
        tokio::time::sleep(pace.start).await;
    }
    record(state, call, &route, asked, counts).await?;
    if asked.can_be_stored(&route) {
        let responses = &gateway.stored_responses;
        responses.keep(call.token.token, &reply.content, scenario);
    }
    let used = counts.input + counts.output;
    let paid = Paid {
        cost: Money::ZERO,
        provider: &route.provider.name,
        used: &counts,
    };
    let answer = match reply.content {
        Content::Json(json) => Whole::Json(json),
        Content::File { media_type, bytes } => Whole::File { media_type, bytes },
        Content::Stream(simulated) => {
            let under_way = UnderWay {
                token: call.token.token,
                permit,
                used,
                simulated_cost: cost,
                pieces: pieces(asked, &simulated, (paid, cost), scenario),
                between: pace.between,
                cut: Cut::of(asked, paid),
            };
            let response = stream(state, under_way);
            return Ok(match call.claim {
                Some(_) => keep_stream(state, call.id, response),
                None => response,
            });
        }
    };
    permit.end(used);
    let beside = Beside {
        asked,
        paid,
        simulated_cost: cost,
        balance: balance(state, call).await?,
        scenario,
    };
    let (response, body) = whole(answer, &beside);
    if call.claim.is_some() {
        state.gateway.kept.keep(call.id, &response, body);
    }
    Ok(response)
}

/// Who would answer it. Refused is what a live call is refused for when it is
/// routed, bounded and translated: what the token or the request itself forbids,
/// what the provider's dialect cannot say, what nobody can bound.
fn route(gateway: &Gateway, call: &Call<'_>, asked: &Asked) -> Result<Arc<Route>, GatewayError> {
    let permits = |route: &Route| {
        let permitted = rules::permits_model(gateway, Some(call.token), &call.wanted(route));
        permitted.map_err(GatewayError::from)
    };
    let search = Search {
        gateway,
        asked,
        wishes: call.wishes,
        now: call.started_at,
        answered_by: AnsweredBy::Simulator,
        permits,
    };
    let Some(route) = search.only_route() else {
        return Ok(search.choose()?.first.route);
    };
    let route = priced(asked, route?)?;
    if !asked.is_plain(&route) {
        Bound::of(asked, &route, gateway.default_output_limit)?;
    }
    Ok(route)
}

/// What a token with a balance has: the same before and after.
async fn balance(state: &State, call: &Call<'_>) -> Result<Option<Money>, GatewayError> {
    if !call.token.settings.has_budget {
        return Ok(None);
    }
    let token = state.store.token_by_id(call.token.token).await;
    let token = token.map_err(|failure| unrecordable(&failure))?;
    Ok(token.map(|token| token.balance_at(state.clock.proven())))
}
