//! From a call's answer to what is kept, and from that to the next answer.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use aws_lc_rs::digest::{Context as Digest, SHA256};
use axum::body::Body;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use http_body::Frame;
use keypurse_core::id::{AccountId, TokenId};
use keypurse_core::money::Money;
use keypurse_core::usage::{Certainty, TokenCounts};
use keypurse_store::{CallOutcome, TokenCredential};

use super::answers::{CachedAnswer, LONGEST_KEPT};
use super::free::free;
use crate::gateway::call::fund::{Funded, Planned, fund};
use crate::gateway::endpoint::kind::Endpoint;
use crate::gateway::error::GatewayError;
use crate::gateway::relay::cost::add_charge;
use crate::gateway::routing::attempts::Attempts;
use crate::state::{AppState, State};

const CACHE: HeaderName = HeaderName::from_static("x-keypurse-cache");
/// Headers that ask for another answer to the same body.
const DECISIVE: [&str; 2] = ["anthropic-beta", "x-keypurse-sandbox"];

/// What makes two requests the same: a digest of who asks what, where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::gateway) struct CacheKey([u8; 32]);

/// A call whose answer is to be kept, or is there already.
#[derive(Debug)]
pub(in crate::gateway) struct Recording {
    key: CacheKey,
    token: TokenId,
    seconds: u32,
    /// Whether the provider said all, and all of it was charged.
    is_whole: Arc<AtomicBool>,
}

impl CacheKey {
    fn of(
        account: AccountId,
        token: TokenId,
        endpoint: Endpoint,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Self {
        let mut digest = Digest::new(&SHA256);
        // Of a fixed length each, or separated, so that no two requests join
        // to the same bytes.
        digest.update(&account.0.to_be_bytes());
        digest.update(&token.0.to_be_bytes());
        digest.update(&[u8::from(Attempts::are_asked_for(headers))]);
        for name in DECISIVE {
            for value in headers.get_all(name) {
                digest.update(value.as_bytes());
                digest.update(&[1]);
            }
            digest.update(&[0]);
        }
        digest.update(endpoint.path().as_bytes());
        digest.update(&[0]);
        digest.update(body);
        let digest = digest.finish();
        let bytes = digest.as_ref().first_chunk().copied();
        Self(bytes.expect("SHA-256 has 32 bytes"))
    }

    #[cfg(test)]
    pub(super) fn from_number(number: usize) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&number.to_be_bytes());
        Self(key)
    }
}

impl Recording {
    /// `None`: the token does not want its answers kept.
    pub(in crate::gateway) fn of(
        token: Option<&TokenCredential>,
        endpoint: Endpoint,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Option<Self> {
        let token = token?;
        let rules = token.settings.rules.as_ref()?;
        let seconds = rules.response_cache_seconds?.get();
        Some(Self {
            key: CacheKey::of(token.account, token.token, endpoint, headers, body),
            token: token.token,
            seconds,
            is_whole: Arc::default(),
        })
    }

    /// The provider said all it had to say, and its charge is on disk.
    pub(in crate::gateway) fn is_whole(&self) {
        self.is_whole.store(true, Ordering::Relaxed);
    }

    fn keep(&self, state: &State, content_type: Option<HeaderValue>, body: &[u8]) {
        if body.len() <= LONGEST_KEPT {
            let answer = CachedAnswer {
                content_type,
                body: free(body),
            };
            let whose = (self.key, self.token);
            state.gateway.cached.keep(whose, answer, state.now());
        }
    }
}

impl Funded {
    /// Keeps a whole answer, if its token wants that. What the money cut short
    /// is not what the next one would get.
    pub(in crate::gateway) fn cache_whole(
        &self,
        state: &State,
        response: &mut Response,
        body: &[u8],
    ) {
        let Some(recording) = &self.recording else {
            return;
        };
        if !self.is_clamped {
            let content_type = response.headers().get(CONTENT_TYPE).cloned();
            recording.keep(state, content_type, body);
        }
        let miss = HeaderValue::from_static("miss");
        response.headers_mut().insert(CACHE, miss);
    }

    /// The same for a stream, once its client has all of it.
    pub(in crate::gateway) fn cache_stream(&self, mut response: Response) -> Response {
        let Some(recording) = &self.recording else {
            return response;
        };
        let miss = HeaderValue::from_static("miss");
        response.headers_mut().insert(CACHE, miss);
        if self.is_clamped {
            return response;
        }
        let content_type = response.headers().get(CONTENT_TYPE).cloned();
        let recorder = Recorder {
            state: Arc::clone(self.state()),
            recording: Recording {
                is_whole: Arc::clone(&recording.is_whole),
                ..*recording
            },
            content_type,
            so_far: BytesMut::new(),
        };
        response.map(|body| {
            Body::new(Recorded {
                body,
                recorder: Some(recorder),
            })
        })
    }
}

/// Answers a call with what is known, or gives it back.
pub(in crate::gateway) async fn serve_again(
    state: &AppState,
    planned: Box<Planned>,
) -> Result<Response, Unknown> {
    let known = planned.recording.as_ref().and_then(|recording| {
        let Recording { key, seconds, .. } = recording;
        state.gateway.cached.get(key, *seconds, state.now())
    });
    state.gateway.meters.cache_asked(known.is_some());
    match known {
        None => Err(Unknown(planned)),
        Some(answer) => Ok(again(state, planned, answer).await),
    }
}

/// A call that has to be made.
#[derive(Debug)]
pub(in crate::gateway) struct Unknown(pub(in crate::gateway) Box<Planned>);

/// Records a call that costs nothing, as any other is recorded: admitted by
/// the ledger, with a row, and its answer kept for who repeats it.
async fn again(state: &AppState, mut planned: Box<Planned>, answer: CachedAnswer) -> Response {
    let envelope = planned.asked.endpoint.envelope();
    planned.bound = planned.bound.free();
    let refuse = |error: GatewayError| crate::gateway::call::once::answer(state, envelope, error);
    let funded = match fund(state, planned).await {
        Ok(funded) => funded,
        Err(refused) => return refuse(refused),
    };
    let outcome = CallOutcome::Used {
        cost: Money::ZERO,
        counts: TokenCounts::NONE,
        certainty: Certainty::Reported,
    };
    let resolved = funded.hold.resolve(outcome, StatusCode::OK.as_u16()).await;
    funded.permit.end(0);
    let took = funded.attempts.planned_at.elapsed();
    funded.meters().ended(StatusCode::OK.as_u16(), took);
    let charge = match resolved {
        Ok(charge) => charge,
        Err(failure) => return refuse(failure),
    };
    let CachedAnswer { content_type, body } = answer;
    let mut response = Response::new(Body::from(body.clone()));
    let headers = response.headers_mut();
    if funded.asked.streamed {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    if let Some(content_type) = content_type {
        headers.insert(CONTENT_TYPE, content_type);
    }
    add_charge(headers, &charge);
    headers.insert(CACHE, HeaderValue::from_static("hit"));
    if funded.is_claimed {
        state.gateway.kept.keep(funded.call, &response, body);
    }
    response
}

/// A stream that is kept once it has been delivered whole.
struct Recorded {
    body: Body,
    /// `None`: it is over, or will not be kept.
    recorder: Option<Recorder>,
}

struct Recorder {
    state: AppState,
    recording: Recording,
    content_type: Option<HeaderValue>,
    so_far: BytesMut,
}

impl Recorder {
    /// Gives up on a stream that is too long to be kept.
    fn with(mut self, piece: &Bytes) -> Option<Self> {
        if self.so_far.len() + piece.len() > LONGEST_KEPT {
            return None;
        }
        self.so_far.extend_from_slice(piece);
        Some(self)
    }

    fn end(self) {
        if self.recording.is_whole.load(Ordering::Relaxed) {
            let Self {
                state,
                recording,
                content_type,
                so_far,
            } = self;
            recording.keep(&state, content_type, &so_far);
        }
    }
}

impl http_body::Body for Recorded {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        let recorder = self.recorder.take();
        match &frame {
            None => {
                if let Some(recorder) = recorder {
                    recorder.end();
                }
            }
            Some(Err(_)) => {}
            Some(Ok(frame)) => {
                self.recorder = match frame.data_ref() {
                    Some(piece) => recorder.and_then(|recorder| recorder.with(piece)),
                    None => recorder,
                };
            }
        }
        Poll::Ready(frame)
    }
}
