//! `POST chat/completions`: the order of steps.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use axum::response::Response;
use http::request::Parts;
use http::{Request, StatusCode};
use keypurse_core::id::CallId;
use keypurse_core::time::Timestamp;
use keypurse_core::token::TokenKind;
use keypurse_store::failpoint;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::bound::Bound;
use super::config::Timeouts;
use super::error::GatewayError;
use super::fetch::{Fetched, fetch};
use super::fund::{Funded, Planned, fund};
use super::once;
use super::read_body::read_body;
use super::relay_json::{Undelivered, relay_json};
use super::relay_stream::relay_stream;
use super::request::ChatRequest;
use super::rules::{self, Asked};
use super::sandbox;
use super::settle::{settle, void};
use crate::http::authenticate::{AuthError, Schemes, authenticate, count_failure};
use crate::http::peer::PeerAddr;
use crate::http::throttle::TooManyFailures;
use crate::state::{AppState, State};

/// Answers a chat request.
pub(super) async fn chat_completions(
    axum::extract::State(state): axum::extract::State<AppState>,
    request: Request<Body>,
) -> Response {
    answer(&state, request)
        .await
        .unwrap_or_else(|refused| once::answer(&state, refused))
}

async fn answer(state: &AppState, request: Request<Body>) -> Result<Response, GatewayError> {
    if state.draining.is_cancelled() {
        return Err(GatewayError::Draining);
    }
    let started_at = state.now();
    let (head, body) = request.into_parts();
    // The id the client is told is the id of the call's row.
    let call = head.extensions.get::<CallId>().copied();
    let call = call.unwrap_or_else(|| state.call_ids.next(started_at, &*state.entropy));
    let caller = authenticate(state, &head.headers, Schemes::Bearer, started_at)
        .await
        .map_err(|failure| failed_sign_in(state, &head, failure, started_at))?;
    failpoint::reach("call.authenticated");
    let body = read_body(&head.headers, body, state.settings.max_body_bytes)
        .await
        .map_err(GatewayError::Body)?;
    let claim = once::claim(&head, &caller, &body)?;
    let request = ChatRequest::read(body)?;
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
        return sandbox::answer(state, &call, &head.headers, request).await;
    }
    let route = state.gateway.route(&request.model, started_at)?;
    request.refuse_unpriced(&route)?;
    let bound = Bound::of(&request, &route, state.gateway.default_output_limit)?;
    let asked = Asked {
        address,
        provider: &route.provider.name,
        model: &route.model,
    };
    let permit = rules::admit(state, caller.token(), &asked)?;
    let planned = Planned {
        call,
        started_at,
        caller,
        request,
        route,
        bound,
        permit,
        claim,
    };
    let (client, answer) = oneshot::channel();
    state.tasks.spawn(carry(Arc::clone(state), planned, client));
    answer.await.map_err(|_| GatewayError::Internal)
}

/// A funded call under way.
pub(super) struct Running<'a> {
    pub(super) state: &'a State,
    pub(super) funded: &'a Funded,
    revoked: Option<CancellationToken>,
    /// How many output tokens a crash would be charged for; 0 when nothing
    /// was delivered.
    covered: AtomicU64,
}

/// Carries a call from its hold to its settlement.
///
/// A task of its own, because axum drops the handler when the client leaves
/// and a dropped future settles nothing. Shutdown waits for it. A panic in here
/// leaves the hold to [`super::open_hold`].
async fn carry(state: AppState, planned: Planned, client: oneshot::Sender<Response>) {
    // Before the hold, so that a deletion after the hold finds this call.
    let token = planned.caller.token().map(|token| token.token);
    let watch = token.map(|token| state.revocations.watch(token));
    let funded = match fund(&state, planned).await {
        Ok(funded) => funded,
        Err(refused) => return drop(client.send(once::answer(&state, refused))),
    };
    let running = Running {
        state: &state,
        funded: &funded,
        revoked: watch.as_ref().map(|watch| watch.revoked().clone()),
        covered: AtomicU64::new(0),
    };
    running.relay(client).await;
}

impl Running<'_> {
    pub(super) fn timeouts(&self) -> &Timeouts {
        &self.funded.route.provider.timeouts
    }

    /// Waits until the token is deleted.
    pub(super) async fn revoked(&self) {
        match &self.revoked {
            Some(revoked) => revoked.cancelled().await,
            None => std::future::pending().await,
        }
    }

    pub(super) fn covered(&self) -> u64 {
        self.covered.load(Ordering::Relaxed)
    }

    pub(super) fn cover(&self, output_tokens: u64) {
        self.covered.store(output_tokens, Ordering::Relaxed);
    }

    async fn relay(&self, mut client: oneshot::Sender<Response>) {
        if client.is_closed() {
            return void(self.funded, StatusCode::OK.as_u16()).await;
        }
        let fetched = tokio::select! {
            biased;
            fetched = fetch(&self.state.gateway, self.funded, self.revoked.as_ref()) => fetched,
            () = self.revoked(), if self.funded.request.streamed => {
                return self.answer_undelivered(revoked_key(), client).await;
            }
            () = self.abandoned(&mut client) => return self.give_up(client).await,
            () = self.state.cut_off.cancelled() => return self.give_up(client).await,
        };
        match fetched {
            Err(failure) => self.answer_undelivered(failure, client).await,
            Ok(Fetched::Begun(begun)) => relay_stream(self, *begun, client).await,
            Ok(Fetched::Whole { headers, body }) => {
                match relay_json(self.state, self.funded, headers, &body).await {
                    Ok(response) => drop(client.send(response)),
                    Err(Undelivered::NoAnswer(failure)) => {
                        self.answer_undelivered(failure, client).await;
                    }
                    Err(Undelivered::NotCharged(failure)) => {
                        drop(client.send(failure.into_response()));
                    }
                }
            }
        }
    }

    /// The call failed before its first byte: it costs nothing.
    pub(super) async fn answer_undelivered(
        &self,
        failure: GatewayError,
        client: oneshot::Sender<Response>,
    ) {
        let response = failure.into_response();
        void(self.funded, response.status().as_u16()).await;
        drop(client.send(response));
    }

    /// Waits until the client has left and nobody reads its answer to the end.
    async fn abandoned(&self, client: &mut oneshot::Sender<Response>) {
        client.closed().await;
        if let Ok(_permit) = self.state.gateway.drains.try_acquire() {
            tokio::time::sleep(self.timeouts().drain).await;
        }
    }

    /// The call has left, so it may cost us: what was sent is charged.
    async fn give_up(&self, client: oneshot::Sender<Response>) {
        let response = GatewayError::Draining.into_response();
        let status = response.status().as_u16();
        let used = self.funded.counted(0);
        if settle(self.funded, used, status).await.is_ok() {
            drop(client.send(response));
        }
    }
}

/// What a call is told whose token was deleted while it ran.
fn revoked_key() -> GatewayError {
    GatewayError::Unauthenticated(AuthError::Retired)
}

fn failed_sign_in(state: &State, head: &Parts, failure: AuthError, now: Timestamp) -> GatewayError {
    match count_failure(state, head, &failure, now) {
        Ok(()) => GatewayError::Unauthenticated(failure),
        Err(TooManyFailures {
            retry_after_seconds,
        }) => GatewayError::TooManyFailures {
            retry_after_seconds,
        },
    }
}
