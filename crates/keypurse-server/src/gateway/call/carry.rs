//! A call from its hold to its settlement.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::response::Response;
use http::StatusCode;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::fund::{Funded, Planned, fund};
use super::once;
use super::settle::{settle, void};
use crate::gateway::config::Timeouts;
use crate::gateway::error::GatewayError;
use crate::gateway::relay::sound::relay_sound;
use crate::gateway::relay::stream::relay_stream;
use crate::gateway::relay::whole::{Undelivered, relay_whole};
use crate::gateway::upstream::fetch::{Fetched, fetch};
use crate::http::authenticate::AuthError;
use crate::http::envelope::Envelope;
use crate::state::{AppState, State};

/// A funded call under way.
pub(in crate::gateway) struct Running<'a> {
    pub(in crate::gateway) state: &'a State,
    pub(in crate::gateway) funded: &'a Funded,
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
pub(in crate::gateway) async fn carry(
    state: AppState,
    planned: Planned,
    client: oneshot::Sender<Response>,
) {
    let envelope = planned.asked.endpoint.envelope();
    // Before the hold, so that a deletion after the hold finds this call.
    let token = planned.caller.token().map(|token| token.token);
    let watch = token.map(|token| state.revocations.watch(token));
    let funded = match fund(&state, planned).await {
        Ok(funded) => funded,
        Err(refused) => return drop(client.send(once::answer(&state, envelope, refused))),
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
    pub(in crate::gateway) fn timeouts(&self) -> &Timeouts {
        &self.funded.route.provider.timeouts
    }

    /// Waits until the token is deleted.
    pub(in crate::gateway) async fn revoked(&self) {
        match &self.revoked {
            Some(revoked) => revoked.cancelled().await,
            None => std::future::pending().await,
        }
    }

    pub(in crate::gateway) fn covered(&self) -> u64 {
        self.covered.load(Ordering::Relaxed)
    }

    pub(in crate::gateway) fn cover(&self, output_tokens: u64) {
        self.covered.store(output_tokens, Ordering::Relaxed);
    }

    fn envelope(&self) -> Envelope {
        self.funded.asked.endpoint.envelope()
    }

    async fn relay(&self, mut client: oneshot::Sender<Response>) {
        if client.is_closed() {
            return void(self.funded, StatusCode::OK.as_u16()).await;
        }
        let fetched = tokio::select! {
            biased;
            fetched = fetch(&self.state.gateway, self.funded, self.revoked.as_ref()) => fetched,
            () = self.revoked(), if self.funded.asked.streamed => {
                return self.answer_undelivered(revoked_key(), client).await;
            }
            () = self.abandoned(&mut client) => return self.give_up(client).await,
            () = self.state.cut_off.cancelled() => return self.give_up(client).await,
        };
        match fetched {
            Err(failure) => self.answer_undelivered(failure, client).await,
            Ok(Fetched::Begun(begun)) => relay_stream(self, *begun, client).await,
            Ok(Fetched::Sound(sound)) => relay_sound(self, *sound, client).await,
            Ok(Fetched::Whole { headers, body }) => {
                match relay_whole(self.state, self.funded, headers, &body).await {
                    Ok(response) => drop(client.send(response)),
                    Err(Undelivered::NoAnswer(failure)) => {
                        self.answer_undelivered(failure, client).await;
                    }
                    Err(Undelivered::NotCharged(failure)) => {
                        drop(client.send(failure.into_response(self.envelope())));
                    }
                }
            }
        }
    }

    /// The call failed before its first byte: it costs nothing.
    pub(in crate::gateway) async fn answer_undelivered(
        &self,
        failure: GatewayError,
        client: oneshot::Sender<Response>,
    ) {
        let response = failure.into_response(self.envelope());
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
        let response = GatewayError::Draining.into_response(self.envelope());
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
