//! The order of steps, up to a task that carries the call.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::Request;
use http::request::Parts;
use keypurse_core::id::CallId;
use keypurse_core::time::Timestamp;
use keypurse_core::token::TokenKind;
use keypurse_store::{TokenCredential, failpoint};
use tokio::sync::oneshot;

use super::bound::Bound;
use super::carry::carry;
use super::fund::Planned;
use super::once;
use super::read_body::read_body;
use super::resolve::Route;
use crate::gateway::endpoint::asked::Asked;
use crate::gateway::endpoint::kind::Endpoint;
use crate::gateway::endpoint::responses::ids::Names;
use crate::gateway::error::GatewayError;
use crate::gateway::rules::{self, Wanted};
use crate::gateway::sandbox;
use crate::http::authenticate::{AuthError, authenticate, count_failure};
use crate::http::peer::PeerAddr;
use crate::http::throttle::TooManyFailures;
use crate::state::{AppState, State};

/// Answers a call of this endpoint.
pub(in crate::gateway) async fn serve(
    state: AppState,
    endpoint: Endpoint,
    request: Request<Body>,
) -> Response {
    answer(&state, endpoint, request)
        .await
        .unwrap_or_else(|refused| once::answer(&state, endpoint.envelope(), refused))
}

async fn answer(
    state: &AppState,
    endpoint: Endpoint,
    request: Request<Body>,
) -> Result<Response, GatewayError> {
    if state.draining.is_cancelled() {
        return Err(GatewayError::Draining);
    }
    let started_at = state.now();
    let (head, body) = request.into_parts();
    // The id the client is told is the id of the call's row.
    let call = head.extensions.get::<CallId>().copied();
    let call = call.unwrap_or_else(|| state.call_ids.next(started_at, &*state.entropy));
    let caller = authenticate(state, &head.headers, endpoint.schemes(), started_at)
        .await
        .map_err(|failure| failed_sign_in(state, &head, failure, started_at))?;
    failpoint::reach("call.authenticated");
    let body = read_body(&head.headers, body, state.settings.max_body_bytes)
        .await
        .map_err(GatewayError::Body)?;
    let claim = once::claim(&head, &caller, || {
        endpoint.fingerprint(&head.headers, &body)
    })?;
    let asked = endpoint.read(&head.headers, body)?;
    let mut asked = asked.with_headers(&head.headers)?;
    let address = PeerAddr::of(&head).0.ip();
    let sandboxed = caller.token().filter(|token| is_sandbox(token));
    let rehearsing = sandboxed.filter(|token| token.settings.draws_on_balance());
    if let Some(token) = sandboxed.filter(|_| rehearsing.is_none()) {
        let call = sandbox::Call {
            id: call,
            started_at,
            token,
            address,
            claim,
        };
        return sandbox::answer(state, &call, &head.headers, asked).await;
    }
    let route = priced_route(state, &asked, rehearsing.is_some(), started_at)?;
    asked.bind(|| Names::of(state.vault.keyring(), &caller, route.provider.name.clone()))?;
    let bound = Bound::of(&asked, &route, state.gateway.default_output_limit)?;
    let wanted = Wanted {
        address,
        provider: &route.provider.name,
        model: &route.model,
    };
    let permit = rules::admit(state, caller.token(), &wanted)?;
    let scenario = match rehearsing {
        Some(token) => sandbox::rehearsed(&head.headers, &asked, token.token, &route)?,
        None => None,
    };
    let planned = Planned {
        call,
        started_at,
        caller,
        asked,
        route,
        bound,
        permit,
        claim,
        scenario,
    };
    let (client, answer) = oneshot::channel();
    state.tasks.spawn(carry(Arc::clone(state), planned, client));
    answer.await.map_err(|_| GatewayError::Internal)
}

/// Where a call leads, at the price of what it asks for. What has none is
/// refused.
pub(in crate::gateway) fn priced_route(
    state: &State,
    asked: &Asked,
    is_simulated: bool,
    now: Timestamp,
) -> Result<Arc<Route>, GatewayError> {
    let (gateway, endpoint) = (&state.gateway, asked.endpoint);
    let route = if is_simulated {
        gateway.sandbox_route(&asked.model, endpoint, now)?
    } else {
        gateway.route(&asked.model, endpoint, now)?
    };
    asked.refuse_unpriced(&route)?;
    match asked.asked_media() {
        Some(media) => media.at_its_price(route),
        None => Ok(route),
    }
}

fn is_sandbox(token: &TokenCredential) -> bool {
    token.settings.kind == TokenKind::Sandbox
}

/// Why a request has no caller; a guess counts against its address.
pub(in crate::gateway) fn failed_sign_in(
    state: &State,
    head: &Parts,
    failure: AuthError,
    now: Timestamp,
) -> GatewayError {
    match count_failure(state, head, &failure, now) {
        Ok(()) => GatewayError::Unauthenticated(failure),
        Err(TooManyFailures {
            retry_after_seconds,
        }) => GatewayError::TooManyFailures {
            retry_after_seconds,
        },
    }
}
