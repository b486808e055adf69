//! A call from its hold to its settlement.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::response::Response;
use http::StatusCode;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::fund::{Funded, Planned, fund};
use super::once;
use super::settle::{settle, void};
use crate::gateway::cache::{Unknown, serve_again};
use crate::gateway::config::Timeouts;
use crate::gateway::error::GatewayError;
use crate::gateway::relay::sound::relay_sound;
use crate::gateway::relay::stream::relay_stream;
use crate::gateway::relay::whole::{Undelivered, relay_whole};
use crate::gateway::routing::candidates::Candidate;
use crate::gateway::routing::retry::next_attempt;
use crate::gateway::upstream::fetch::{Fetched, fetch};
use crate::gateway::upstream::provider::Provider;
use crate::http::authenticate::AuthError;
use crate::http::envelope::Envelope;
use crate::http::revocations::Watch;
use crate::state::{AppState, State};
use crate::traces;

/// A funded call under way.
pub(in crate::gateway) struct Running<'a> {
    pub(in crate::gateway) state: &'a State,
    pub(in crate::gateway) funded: &'a Funded,
    revoked: Option<&'a CancellationToken>,
    /// How many output tokens a crash would be charged for; 0 when nothing
    /// was delivered.
    covered: AtomicU64,
}

/// Carries a call from its hold to its settlement.
///
/// It goes on when the client leaves, though axum drops the handler then:
/// [`super::carried`] sees to that. A panic in here leaves the hold to
/// [`super::open_hold`].
///
/// What is large and not on the way of most calls is boxed: every call would
/// have room for it.
pub(in crate::gateway) async fn carry(
    state: AppState,
    mut planned: Box<Planned>,
    others: Vec<Candidate>,
    mut client: oneshot::Sender<Response>,
) {
    let envelope = planned.asked.endpoint.envelope();
    // Before the hold, so that a deletion after the hold finds this call.
    let token = planned.caller.token().map(|token| token.token);
    let watch = token.map(|token| state.revocations.watch(token));
    let revoked = watch.as_ref().map(Watch::revoked);
    if planned.recording.is_some() {
        planned = match Box::pin(serve_again(&state, planned)).await {
            Ok(response) => return drop(client.send(response)),
            Err(Unknown(planned)) => planned,
        };
    }
    let mut funded = match fund(&state, planned).await {
        Ok(funded) => funded,
        Err(refused) => return drop(client.send(once::answer(&state, envelope, refused))),
    };
    let mut others = VecDeque::from(others);
    loop {
        let running = Running::of(&state, &funded, revoked);
        let tried = running.attempt(client, !others.is_empty()).await;
        let Err(unanswered) = tried else { return };
        let failure = unanswered.failure;
        client = unanswered.client;
        let goes_on = !client.is_closed() && !running.is_ending();
        if goes_on {
            let next = next_attempt(&state, &mut funded, &mut others, &failure);
            if Box::pin(next).await {
                continue;
            }
        }
        let running = Running::of(&state, &funded, revoked);
        return Box::pin(running.answer_undelivered(failure, client)).await;
    }
}

/// An attempt that delivered nothing, and who waits for an answer.
struct Unanswered {
    failure: GatewayError,
    client: oneshot::Sender<Response>,
}

impl<'a> Running<'a> {
    fn of(state: &'a State, funded: &'a Funded, revoked: Option<&'a CancellationToken>) -> Self {
        Self {
            state,
            funded,
            revoked,
            covered: AtomicU64::new(0),
        }
    }
}

impl Running<'_> {
    pub(in crate::gateway) fn timeouts(&self) -> &Timeouts {
        &self.funded.route.provider.timeouts
    }

    /// Waits until the token is deleted.
    pub(in crate::gateway) async fn revoked(&self) {
        match self.revoked {
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

    /// Whether nothing more is to be begun for the call.
    fn is_ending(&self) -> bool {
        let is_revoked = self.revoked.is_some_and(CancellationToken::is_cancelled);
        is_revoked || self.state.cut_off.is_cancelled()
    }

    /// Asks the provider and relays what it answers, to the settlement. `Err`:
    /// nothing was delivered, and the call is still to be resolved.
    async fn attempt(
        &self,
        mut client: oneshot::Sender<Response>,
        has_others: bool,
    ) -> Result<(), Unanswered> {
        if client.is_closed() {
            Box::pin(void(self.funded, StatusCode::OK.as_u16())).await;
            return Ok(());
        }
        let Provider { name, health, .. } = &*self.funded.route.provider;
        let Ok(_place) = health.place(has_others).await else {
            let provider = Arc::clone(name);
            let failure = GatewayError::ProviderBusy { provider };
            return Err(Unanswered { failure, client });
        };
        if !self.funded.attempts.is_retried {
            health.earn();
        }
        let fetching = fetch(&self.state.gateway, self.funded, self.revoked);
        let fetching = fetching.instrument(traces::dispatch(name, &self.funded.route.model));
        let fetched = tokio::select! {
            biased;
            fetched = fetching => fetched,
            () = self.revoked(), if self.funded.asked.streamed => {
                Box::pin(self.answer_undelivered(revoked_key(), client)).await;
                return Ok(());
            }
            () = self.abandoned(&mut client) => {
                Box::pin(self.give_up()).await;
                return Ok(());
            }
            () = self.state.cut_off.cancelled() => {
                if client.is_closed() {
                    Box::pin(self.give_up()).await;
                } else {
                    Box::pin(self.answer_undelivered(GatewayError::Draining, client)).await;
                }
                return Ok(());
            }
        };
        let begun_at = self.funded.attempts.begun_at;
        match fetched {
            Err(failure) => return Err(Unanswered { failure, client }),
            Ok(Fetched::Begun(begun)) => {
                self.answered(begun_at.elapsed());
                Box::pin(relay_stream(self, *begun, client)).await;
            }
            Ok(Fetched::Sound(sound)) => {
                self.answered(begun_at.elapsed());
                Box::pin(relay_sound(self, *sound, client)).await;
            }
            Ok(Fetched::Whole { headers, body }) => {
                let took = begun_at.elapsed();
                match relay_whole(self.state, self.funded, headers, &body).await {
                    Ok(response) => {
                        self.answered(took);
                        drop(client.send(response));
                    }
                    Err(Undelivered::NoAnswer(failure)) => {
                        return Err(Unanswered { failure, client });
                    }
                    Err(Undelivered::NotCharged(failure)) => {
                        drop(client.send(failure.into_response(self.envelope())));
                    }
                }
            }
        }
        Ok(())
    }

    /// The provider began to answer, after this long.
    fn answered(&self, took: Duration) {
        self.funded.route.provider.health.answered(took);
        self.funded.meters().began(took);
    }

    /// The call failed before its first byte: it costs nothing.
    pub(in crate::gateway) async fn answer_undelivered(
        &self,
        failure: GatewayError,
        client: oneshot::Sender<Response>,
    ) {
        let mut response = failure.into_response(self.envelope());
        self.funded
            .attempts
            .add_failed_count(response.headers_mut());
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

    /// The client has left. The call has, too, so it may cost us: what was sent
    /// is charged.
    async fn give_up(&self) {
        let input = self.funded.counted_input().await.likely;
        let used = self.funded.estimated(input, 0);
        // Nobody waits for it, and what fails now is tried again.
        let _ = settle(self.funded, used, StatusCode::OK.as_u16()).await;
    }
}

/// What a call is told whose token was deleted while it ran.
fn revoked_key() -> GatewayError {
    GatewayError::Unauthenticated(AuthError::Retired)
}
