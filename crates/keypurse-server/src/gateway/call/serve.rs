//! The order of steps, up to where the call is carried.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::request::Parts;
use http::{HeaderMap, Request};
use keypurse_core::id::CallId;
use keypurse_core::time::Timestamp;
use keypurse_core::token::TokenKind;
use keypurse_store::{Claim, TokenCredential, failpoint};
use tokio::sync::oneshot;
use tracing::Instrument;

use super::carried::{Carried, NoAnswer};
use super::carry::carry;
use super::fund::Planned;
use super::once;
use super::read_body::read_body;
use crate::gateway::cache::Recording;
use crate::gateway::endpoint::asked::Asked;
use crate::gateway::endpoint::kind::Endpoint;
use crate::gateway::endpoint::responses::ids::Names;
use crate::gateway::error::GatewayError;
use crate::gateway::routing::attempts::Attempts;
use crate::gateway::routing::candidates::{AnsweredBy, Candidate, Chosen, Search};
use crate::gateway::routing::route::Route;
use crate::gateway::routing::wish::Wishes;
use crate::gateway::rules::{self, Wanted};
use crate::gateway::sandbox;
use crate::gateway::state::Gateway;
use crate::http::authenticate::{AuthError, Caller, authenticate, count_failure};
use crate::http::peer::PeerAddr;
use crate::http::throttle::TooManyFailures;
use crate::state::{AppState, State};
use crate::traces;

/// Answers a call of this endpoint.
pub(in crate::gateway) async fn serve(
    state: AppState,
    endpoint: Endpoint,
    request: Request<Body>,
) -> Response {
    let span = traces::call(request.extensions().get(), endpoint.path());
    if state.settings.shares_traces {
        traces::follow(&span, request.headers());
    }
    answer(&state, endpoint, request)
        .instrument(span)
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
    let recording = Recording::of(caller.token(), endpoint, &head.headers, &body);
    let (asked, wishes) = endpoint.read(&head.headers, body)?;
    let incoming = Incoming {
        call,
        started_at,
        asked: asked.with_headers(&head.headers)?,
        wishes,
        address: PeerAddr::of(&head).0.ip(),
        caller,
        claim,
        recording,
    };
    if let Some(token) = incoming.sandboxed().filter(|token| !rehearses(token)) {
        let call = sandbox::Call {
            id: call,
            started_at,
            token,
            address: incoming.address,
            claim,
            wishes: incoming.wishes.as_ref(),
        };
        let answer = sandbox::answer(state, &call, &head.headers, &incoming.asked);
        return match Box::pin(answer).await {
            Ok(response) => Ok(response),
            Err(refused) => Err(Box::pin(once::or_made_before(state, claim, refused)).await),
        };
    }
    let (planned, others) = match incoming.plan(state, &head.headers) {
        Ok(planned) => planned,
        Err(refused) => return Err(Box::pin(once::or_made_before(state, claim, refused)).await),
    };
    let (client, answer) = oneshot::channel();
    let call = carry(Arc::clone(state), planned, others, client);
    let call = Box::pin(call.in_current_span());
    let carried = Carried::new(&state.tasks, call, answer);
    carried.await.map_err(|NoAnswer| GatewayError::Internal)
}

/// A call that is understood; nobody has been chosen to answer it.
struct Incoming {
    call: CallId,
    started_at: Timestamp,
    caller: Caller,
    asked: Asked,
    wishes: Option<Wishes>,
    address: IpAddr,
    claim: Option<Claim>,
    /// Where its answer is kept, if its token wants that.
    recording: Option<Recording>,
}

impl Incoming {
    /// The token it is made with, if that is a sandbox one.
    fn sandboxed(&self) -> Option<&TokenCredential> {
        let is_sandbox = |token: &&TokenCredential| token.settings.kind == TokenKind::Sandbox;
        self.caller.token().filter(is_sandbox)
    }

    /// Chooses who answers it, and bounds what that can cost.
    fn plan(
        mut self,
        state: &AppState,
        headers: &HeaderMap,
    ) -> Result<(Box<Planned>, Vec<Candidate>), GatewayError> {
        let Chosen { first, others } = self.choose(&state.gateway)?;
        let provider = &first.route.provider.name;
        let names = || Names::of(state.vault.keyring(), &self.caller, Arc::clone(provider));
        let names_answer = self.names_answer(&state.gateway);
        self.asked.bind(names, names_answer)?;
        let wanted = wanted(self.address, &first.route);
        let permit = rules::admit(state, self.caller.token(), &wanted)?;
        let scenario = match self.sandboxed() {
            Some(token) => sandbox::rehearsed(headers, &self.asked, token.token, &first.route)?,
            None => None,
        };
        let planned = Planned {
            call: self.call,
            started_at: self.started_at,
            caller: self.caller,
            asked: self.asked,
            route: first.route,
            bound: first.bound,
            permit,
            claim: self.claim,
            scenario,
            attempts: Attempts::new(Attempts::are_asked_for(headers)),
            recording: self.recording,
        };
        Ok((Box::new(planned), others))
    }

    /// Whether the model that answers is the one it names, with its provider or
    /// as an alias, and no fallback.
    fn names_answer(&self, gateway: &Gateway) -> bool {
        let name = &self.asked.model;
        let has_fallbacks = |wishes: &Wishes| !wishes.fallbacks.is_empty();
        let may_fall_back = self.wishes.as_ref().is_some_and(has_fallbacks);
        !may_fall_back && (name.contains('/') || gateway.aliases.get(name).is_some())
    }

    /// Who may answer it. A rehearsed call is answered here.
    fn choose(&self, gateway: &Gateway) -> Result<Chosen, GatewayError> {
        let permits = |route: &Route| {
            let wanted = wanted(self.address, route);
            let permitted = rules::permits_model(gateway, self.caller.token(), &wanted);
            permitted.map_err(GatewayError::from)
        };
        let answered_by = match self.sandboxed() {
            Some(_) => AnsweredBy::Simulator,
            None => AnsweredBy::Providers,
        };
        let search = Search {
            gateway,
            asked: &self.asked,
            wishes: self.wishes.as_ref(),
            now: self.started_at,
            answered_by,
            permits,
        };
        search.choose()
    }
}

/// Whether a sandbox token's calls are paid for as live ones are.
fn rehearses(token: &TokenCredential) -> bool {
    token.settings.draws_on_balance()
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
