//! Calls with an `Idempotency-Key`: made and charged once, however often they
//! are asked for.
//!
//! That a call was made, and what it cost, is in the ledger. Its answer is in
//! memory alone, for a while: answers are never written to disk.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use http_body::Frame;
use keypurse_core::id::CallId;
use keypurse_store::{Claim, Repeated};

use crate::gateway::error::GatewayError;
use crate::gateway::error_body::Shape;
use crate::gateway::rules::Refused;
use crate::http::authenticate::Caller;
use crate::http::envelope::Envelope;
use crate::http::idempotency::{self, Asked, mark_replayed};
use crate::state::State;

/// All kept answers together, in bytes.
const MOST_KEPT: usize = 32 << 20;
/// A longer answer is not kept.
const LONGEST_KEPT: usize = 1 << 20;
/// What an answer takes besides its body, about.
const OVERHEAD: usize = 2048;

/// The claim of a request to be made once, if it makes one; a request with the
/// same fingerprint is a repetition.
pub(in crate::gateway) fn claim(
    head: &Parts,
    caller: &Caller,
    fingerprint: impl FnOnce() -> Bytes,
) -> Result<Option<Claim>, GatewayError> {
    let key = idempotency::key(&head.headers)
        .map_err(|bad| GatewayError::invalid(None, format!("`Idempotency-Key`: {bad}")))?;
    Ok(key.map(|key| {
        let body = fingerprint();
        let asked = Asked {
            method: &head.method,
            path: head.uri.path(),
            body: &body,
        };
        match caller.token() {
            Some(token) => idempotency::claim(&token.token, key, &asked),
            None => idempotency::claim(&caller.account(), key, &asked),
        }
    }))
}

/// Why a call is not made that a limit on calls refuses: one that was made
/// before is answered as it was, however many came since.
pub(in crate::gateway) async fn or_made_before(
    state: &State,
    claim: Option<Claim>,
    refused: GatewayError,
) -> GatewayError {
    let is_limit = |rule: &Refused| rule.retry_after_seconds().is_some();
    let is_limited = matches!(&refused, GatewayError::Refused(rule) if is_limit(rule));
    let Some(claim) = claim.filter(|_| is_limited) else {
        return refused;
    };
    match state.store.made_before(claim).await {
        Ok(Some(repeated)) => GatewayError::Repeated(repeated),
        Ok(None) | Err(_) => refused,
    }
}

/// The answer to a call that was not made: that of the first call with its
/// key, if there was one and its answer is still known.
pub(in crate::gateway) fn answer(
    state: &State,
    envelope: Envelope,
    refused: GatewayError,
) -> Response {
    let GatewayError::Repeated(Repeated::Finished { call, .. }) = &refused else {
        return refused.into_response(envelope);
    };
    let kept = state.gateway.kept.get(*call);
    kept.map_or_else(
        || refused.into_response(envelope),
        KeptAnswer::into_response,
    )
}

/// What is said of a call that was made before.
pub(in crate::gateway) fn shape(repeated: Repeated) -> Shape {
    const CODE: &str = "idempotency_error";
    match repeated {
        Repeated::OtherRequest => {
            let message = "this Idempotency-Key was used for another request; send a new one";
            Shape::new(422, CODE, message)
        }
        Repeated::Running => {
            let message = "the first call with this Idempotency-Key is still running; \
                 retry when it has finished";
            Shape::new(409, CODE, message)
        }
        Repeated::Finished { call, cost, status } => {
            let message = format!(
                "this call was made before, as {call}, and cost ${cost}; its answer is no longer \
                 kept, and nothing was charged again; to make it anew send a new Idempotency-Key"
            );
            let mut shape = Shape::new(409, CODE, message);
            shape.details.extend([
                ("request_id".to_owned(), call.to_string().into()),
                ("cost".to_owned(), cost.to_string().into()),
                ("status".to_owned(), status.into()),
            ]);
            shape
        }
    }
}

/// Answers of calls with a key, the oldest of which give way.
#[derive(Debug, Default)]
pub(in crate::gateway) struct KeptAnswers {
    answers: Mutex<Answers>,
}

#[derive(Debug, Default)]
struct Answers {
    by_call: HashMap<CallId, KeptAnswer>,
    oldest_first: VecDeque<CallId>,
    bytes: usize,
}

#[derive(Clone)]
struct KeptAnswer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// What a model said is in no log.
impl fmt::Debug for KeptAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeptAnswer({} bytes)", self.body.len())
    }
}

impl KeptAnswers {
    /// Keeps an answer that is complete.
    pub(in crate::gateway) fn keep(&self, call: CallId, response: &Response, body: Bytes) {
        let answer = KeptAnswer {
            status: response.status(),
            headers: response.headers().clone(),
            body,
        };
        self.insert(call, answer);
    }

    fn insert(&self, call: CallId, answer: KeptAnswer) {
        if answer.body.len() > LONGEST_KEPT {
            return;
        }
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.bytes += answer.size();
        answers.by_call.insert(call, answer);
        answers.oldest_first.push_back(call);
        while answers.bytes > MOST_KEPT {
            let oldest = answers.oldest_first.pop_front();
            let oldest = oldest.and_then(|call| answers.by_call.remove(&call));
            answers.bytes -= oldest.expect("bytes are those of kept answers").size();
        }
    }

    fn get(&self, call: CallId) -> Option<KeptAnswer> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.by_call.get(&call).cloned()
    }
}

impl KeptAnswer {
    fn size(&self) -> usize {
        self.body.len() + OVERHEAD
    }

    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        mark_replayed(response.headers_mut());
        response
    }
}

/// A stream that is kept once it has been delivered whole.
pub(in crate::gateway) fn keep_stream(state: &State, call: CallId, response: Response) -> Response {
    let answer = KeptAnswer {
        status: response.status(),
        headers: response.headers().clone(),
        body: Bytes::new(),
    };
    let keeper = Keeper {
        kept: Arc::clone(&state.gateway.kept),
        call,
        answer,
        so_far: BytesMut::new(),
    };
    response.map(|body| {
        Body::new(KeptStream {
            body,
            keeper: Some(keeper),
        })
    })
}

struct KeptStream {
    body: Body,
    /// `None`: it is over, or will not be kept.
    keeper: Option<Keeper>,
}

struct Keeper {
    kept: Arc<KeptAnswers>,
    call: CallId,
    answer: KeptAnswer,
    so_far: BytesMut,
}

impl Keeper {
    /// Gives up on a stream that is too long to be kept.
    fn with(mut self, piece: &Bytes) -> Option<Self> {
        let fits = self.so_far.len() + piece.len() <= LONGEST_KEPT;
        self.so_far
            .extend_from_slice(if fits { piece } else { &[] });
        fits.then_some(self)
    }

    fn keep(self) {
        let body = self.so_far.freeze();
        self.kept.insert(
            self.call,
            KeptAnswer {
                body,
                ..self.answer
            },
        );
    }
}

impl http_body::Body for KeptStream {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        match &frame {
            None => {
                if let Some(keeper) = self.keeper.take() {
                    keeper.keep();
                }
            }
            Some(Err(_)) => self.keeper = None,
            Some(Ok(frame)) => {
                if let Some(piece) = frame.data_ref() {
                    self.keeper = self.keeper.take().and_then(|keeper| keeper.with(piece));
                }
            }
        }
        Poll::Ready(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::{KeptAnswers, LONGEST_KEPT, MOST_KEPT};
    use axum::response::Response;
    use bytes::Bytes;
    use keypurse_core::id::CallId;

    #[test]
    fn the_oldest_answers_give_way_and_too_long_ones_are_not_kept() {
        let kept = KeptAnswers::default();
        let call = |ordered: i64| CallId { ordered, random: 0 };
        let response = Response::default();
        let long = Bytes::from(vec![0; LONGEST_KEPT]);
        let count = i64::try_from(MOST_KEPT / LONGEST_KEPT).unwrap();
        for number in 0..count {
            kept.keep(call(number), &response, long.clone());
        }
        assert!(kept.get(call(0)).is_none() && kept.get(call(1)).is_some());
        let longer = Bytes::from(vec![0; LONGEST_KEPT + 1]);
        kept.keep(call(count), &response, longer);
        assert!(kept.get(call(count)).is_none() && kept.get(call(1)).is_some());
        assert!(kept.answers.lock().unwrap().bytes <= MOST_KEPT);
    }
}
