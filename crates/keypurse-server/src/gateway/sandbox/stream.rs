//! A simulated stream: written as the relay of a live one writes it, and cut
//! where that is cut.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use keypurse_core::id::TokenId;
use keypurse_core::money::Money;
use keypurse_core::usage::TokenCounts;
use keypurse_providers::simulator::{Scenario, Stream};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::cost::{beside_usage, comment};
use crate::gateway::endpoint::asked::Asked;
use crate::gateway::endpoint::stream::{StreamWire, Tail};
use crate::gateway::error::GatewayError;
use crate::gateway::relay::cost::{DONE, Paid, add_cost, add_simulated_cost, stream_cost};
use crate::gateway::relay::meter::Heard;
use crate::gateway::relay::source::StreamSource;
use crate::gateway::relay::stream::StreamBody;
use crate::gateway::rules::Permit;
use crate::http::authenticate::AuthError;
use crate::state::{AppState, State};

/// Pieces on their way to a slow client: its call is under way until it has
/// taken the last but one.
const IN_FLIGHT: usize = 1;
/// Events that do not wait for each other travel together, up to so many bytes.
const PIECE: usize = 16 * 1024;
/// How long a client may take to make room for the end of a cut stream.
const LAST_WORD: Duration = Duration::from_secs(30);

/// A stream on its way.
pub(super) struct UnderWay {
    pub(super) token: TokenId,
    pub(super) permit: Permit,
    /// Input and output tokens.
    pub(super) used: u64,
    pub(super) simulated_cost: Money,
    pub(super) pieces: Vec<Bytes>,
    /// Before each of them.
    pub(super) between: Duration,
    pub(super) cut: Cut,
}

/// How a stream ends that does not come to its end.
pub(super) struct Cut {
    wire: Option<StreamWire>,
    provider: Arc<str>,
    used: TokenCounts,
}

impl Cut {
    pub(super) fn of(asked: &Asked, paid: Paid<'_>) -> Self {
        Self {
            wire: asked.stream(true),
            provider: paid.provider.into(),
            used: *paid.used,
        }
    }

    fn tail(&self, why: GatewayError) -> Option<String> {
        let paid = Paid {
            cost: Money::ZERO,
            provider: &self.provider,
            used: &self.used,
        };
        Some(self.wire.as_ref()?.tail(Tail::Failed(why), paid))
    }
}

/// The stream as its client gets it, in pieces that come apart when they come
/// late.
pub(super) fn pieces(
    asked: &Asked,
    simulated: &Stream,
    (paid, simulated_cost): (Paid<'_>, Money),
    scenario: Option<Scenario>,
) -> Vec<Bytes> {
    let (events, tells_usage) = (to_sse(simulated, simulated_cost), simulated.usage_at);
    let spoils = |scenario| matches!(scenario, Scenario::CutStream | Scenario::MalformedChunk);
    let wire = asked.stream(true).filter(|_| !scenario.is_some_and(spoils));
    let mut pieces = Vec::with_capacity(events.len() + 1);
    let mut end = String::new();
    if tells_usage.is_none() {
        end.push_str(&comment(simulated_cost));
    }
    if let Some(wire) = wire {
        let heard = Heard::new(u64::MAX, asked.choices, None);
        let mut source = StreamSource::new(wire, heard, None);
        let passed = events
            .into_iter()
            .map(|event| source.read(Some(Ok(event.into()))).bytes);
        pieces.extend(passed.filter(|bytes| !bytes.is_empty()));
        end.push_str(&source.tail(Tail::Complete, paid));
    } else {
        // What is broken passes as it is.
        pieces.extend(events.into_iter().map(Bytes::from));
        if simulated.ends_with_done {
            end.push_str(&stream_cost(None, Money::ZERO));
            end.push_str(DONE);
        } else {
            end.clear();
        }
    }
    if !end.is_empty() {
        pieces.push(end.into());
    }
    let comes_late = scenario.is_some_and(|scenario| !scenario.pace().between.is_zero());
    if comes_late { pieces } else { joined(pieces) }
}

fn to_sse(simulated: &Stream, simulated_cost: Money) -> Vec<String> {
    let events = simulated.events.iter().enumerate();
    let to_sse = events.map(|(at, event)| {
        if simulated.usage_at != Some(at) {
            return event.to_sse();
        }
        let mut event = event.clone();
        event.data = beside_usage(&event.data, simulated_cost);
        event.to_sse()
    });
    to_sse.collect()
}

/// All but the first and the last together, as far as they go.
fn joined(pieces: Vec<Bytes>) -> Vec<Bytes> {
    let [first, middle @ .., last] = pieces.as_slice() else {
        return pieces;
    };
    let mut joined = vec![first.clone()];
    let mut open = BytesMut::new();
    for piece in middle {
        open.extend_from_slice(piece);
        if open.len() >= PIECE {
            joined.push(open.split().freeze());
        }
    }
    joined.extend((!open.is_empty()).then(|| open.freeze()));
    joined.push(last.clone());
    joined
}

/// A stream that begins now.
pub(super) fn stream(state: &AppState, under_way: UnderWay) -> Response {
    let (out, incoming) = mpsc::channel(IN_FLIGHT);
    let mut response = Response::new(Body::new(StreamBody { incoming }));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    add_cost(headers, Money::ZERO);
    add_simulated_cost(headers, under_way.simulated_cost);
    let send = send(state.clone(), under_way, out);
    state.tasks.spawn(send);
    response
}

/// Sends a stream, and cuts it when its token is deleted or the node stops, as
/// a live one is cut.
async fn send(state: AppState, under_way: UnderWay, out: mpsc::Sender<Bytes>) {
    let cut = tokio::select! {
        biased;
        () = state.cut_off.cancelled() => Some(GatewayError::Draining),
        () = revoked(&state, under_way.token) => {
            Some(GatewayError::Unauthenticated(AuthError::Retired))
        }
        () = under_way.deliver(&out) => None,
    };
    under_way.permit.end(under_way.used);
    if let Some(tail) = cut.and_then(|why| under_way.cut.tail(why)) {
        // A client that does not take the end has left.
        let _ = timeout(LAST_WORD, out.send(tail.into())).await;
    }
}

/// Waits until the token is deleted. A deletion before the watch began is found
/// in the store.
pub(super) async fn revoked(state: &State, token: TokenId) {
    let watch = state.revocations.watch(token);
    if let Ok(Some(_)) | Err(_) = state.store.token_by_id(token).await {
        watch.revoked().cancelled().await;
    }
}

impl UnderWay {
    async fn deliver(&self, out: &mpsc::Sender<Bytes>) {
        for (at, piece) in self.pieces.iter().enumerate() {
            if !self.between.is_zero() {
                tokio::time::sleep(self.between).await;
            }
            // Its client may call again as soon as it has the last one.
            if at + 1 == self.pieces.len() {
                self.permit.end(self.used);
            }
            if out.send(piece.clone()).await.is_err() {
                return;
            }
        }
    }
}
