//! The order of steps, up to a task that carries the call.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::Request;
use http::request::Parts;
use keypurse_core::id::CallId;
use keypurse_core::time::Timestamp;
use keypurse_core::token::TokenKind;
use keypurse_store::failpoint;
use tokio::sync::oneshot;

use super::carry::carry;
use super::fund::Planned;
use super::once;
use super::read_body::read_body;
use super::resolve::Route;
use crate::gateway::cache::Recording;
use crate::gateway::endpoint::kind::Endpoint;
use crate::gateway::error::GatewayError;
use crate::gateway::routing::attempts::Attempts;
use crate::gateway::routing::candidates::Chosen;
use crate::gateway::routing::wish;
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
    let claim = once::claim(&head, &caller, &body)?;
    let recording = Recording::of(caller.token(), endpoint, &head.headers, &body);
    let (body, wishes) = wish::take(body)?;
    let asked = endpoint.read(body)?;
    let address = PeerAddr::of(&head).0.ip();
    if let Some(token) = caller
        .token()
        .filter(|token| token.settings.kind == TokenKind::Sandbox)
    {
        let call = sandbox::Call {
            id: call,
            started_at,
            token,
            address,
            claim,
        };
        return sandbox::answer(state, &call, &head.headers, asked).await;
    }
    let permits = |route: &Route| {
        let wanted = wanted(address, route);
        Ok(rules::permits_model(
            &state.gateway,
            caller.token(),
            &wanted,
        )?)
    };
    let chosen = state
        .gateway
        .choose(&asked, wishes.as_ref(), started_at, permits);
    let Chosen { first, others } = chosen?;
    let permit = rules::admit(state, caller.token(), &wanted(address, &first.route))?;
    let planned = Planned {
        call,
        started_at,
        caller,
        asked,
        route: first.route,
        bound: first.bound,
        permit,
        claim,
        attempts: Attempts::new(Attempts::are_asked_for(&head.headers)),
        recording,
    };
    let (client, answer) = oneshot::channel();
    state
        .tasks
        .spawn(carry(Arc::clone(state), planned, others, client));
    answer.await.map_err(|_| GatewayError::Internal)
}

/// A call as the rules see it.
fn wanted(address: IpAddr, route: &Route) -> Wanted<'_> {
    Wanted {
        address,
        provider: &route.provider.name,
        model: &route.model,
    }
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
