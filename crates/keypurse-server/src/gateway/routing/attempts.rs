//! What was tried for a call, as its client is told.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::Frame;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::retry::Failed;
use crate::gateway::endpoint::splice::{Edits, place_of};
use crate::gateway::relay::cost::DONE;
use crate::gateway::routing::route::Route;
use crate::http::json::JsonObject;

const ATTEMPTS: HeaderName = HeaderName::from_static("x-keypurse-attempts");
/// The vendor's request header that asks for [`MEMBER`].
const ASKS: HeaderName = HeaderName::from_static("x-edenai-metadata");
const MEMBER: &str = "edenai_metadata";

/// The attempts made for one call.
#[derive(Debug)]
pub(in crate::gateway) struct Attempts {
    /// When the call was understood.
    pub(in crate::gateway) planned_at: Instant,
    /// When the attempt under way began.
    pub(in crate::gateway) begun_at: Instant,
    /// Those before it, which failed.
    failed: Vec<FailedAttempt>,
    /// Whether its provider has been tried twice.
    pub(in crate::gateway) is_retried: bool,
    /// Whether the client wants to know.
    is_told: bool,
}

#[derive(Debug)]
struct FailedAttempt {
    route: Arc<Route>,
    status: u16,
    latency_ms: u64,
}

impl Attempts {
    /// Of a call that is about to be made.
    pub(in crate::gateway) fn new(is_told: bool) -> Self {
        let now = Instant::now();
        Self {
            planned_at: now,
            begun_at: now,
            failed: Vec::new(),
            is_retried: false,
            is_told,
        }
    }

    /// Whether a request asks what was tried.
    pub(in crate::gateway) fn are_asked_for(headers: &HeaderMap) -> bool {
        let asks = headers.get(ASKS);
        asks.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"enabled"))
    }

    /// The attempt under way failed.
    pub(in crate::gateway) fn note(&mut self, route: &Arc<Route>, failed: Failed) {
        self.failed.push(FailedAttempt {
            route: Arc::clone(route),
            status: failed.status,
            latency_ms: millis_since(self.begun_at),
        });
    }

    /// Another one begins: at the same provider, or at the next.
    pub(in crate::gateway) fn begin(&mut self, is_retried: bool) {
        self.begun_at = Instant::now();
        self.is_retried = is_retried;
    }

    /// Tells in a header how many there were, if more than one.
    pub(in crate::gateway) fn add_count(&self, headers: &mut HeaderMap) {
        if !self.failed.is_empty() {
            headers.insert(ATTEMPTS, HeaderValue::from(self.failed.len() + 1));
        }
    }

    /// The same for a call whose last attempt failed and has been noted.
    pub(in crate::gateway) fn add_failed_count(&self, headers: &mut HeaderMap) {
        if self.failed.len() > 1 {
            headers.insert(ATTEMPTS, HeaderValue::from(self.failed.len()));
        }
    }

    /// All of them; the last one answered, with 200.
    fn to_json(&self, route: &Route) -> Value {
        let one = |route: &Route, status: u16, latency_ms: u64| {
            let model = format!("{}/{}", route.provider.name, route.model);
            json!({"model": model, "provider": &*route.provider.name, "status": status,
                "latency_ms": latency_ms})
        };
        let failed = self.failed.iter();
        let mut attempts: Vec<Value> = failed
            .map(|attempt| one(&attempt.route, attempt.status, attempt.latency_ms))
            .collect();
        attempts.push(one(route, 200, millis_since(self.begun_at)));
        json!({ "attempts": attempts })
    }

    /// An answer in one piece, with what was tried if the client wants to know.
    pub(in crate::gateway) fn told_in(&self, answer: Bytes, route: &Route) -> Bytes {
        if !self.is_told {
            return answer;
        }
        let Ok(object) = JsonObject::read(&answer) else {
            return answer;
        };
        let place = object.get(MEMBER).map(|member| place_of(member, &answer));
        let mut edits = Edits::default();
        edits.set(MEMBER, place, &self.to_json(route).to_string());
        edits.apply(&answer)
    }

    /// A stream that ends with a comment saying what was tried, if the client
    /// wants to know.
    pub(in crate::gateway) fn told_at_the_end(
        &self,
        response: Response,
        route: &Route,
    ) -> Response {
        if !self.is_told {
            return response;
        }
        let comment = format!(": {MEMBER}={}\n\n", self.to_json(route));
        response.map(|body| {
            Body::new(Commented {
                body,
                comment: Some(comment),
            })
        })
    }
}

fn millis_since(begun_at: Instant) -> u64 {
    u64::try_from(begun_at.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// A stream with one more comment: before the mark at its end, or after all.
struct Commented {
    body: Body,
    comment: Option<String>,
}

impl http_body::Body for Commented {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        let Some(Ok(frame)) = frame else {
            let comment = self.comment.take().filter(|_| frame.is_none());
            return Poll::Ready(
                comment.map_or(frame, |comment| Some(Ok(Frame::data(Bytes::from(comment))))),
            );
        };
        let is_last = |data: &Bytes| data.ends_with(DONE.as_bytes());
        let frame = match frame.into_data() {
            Ok(data) if is_last(&data) => Frame::data(match self.comment.take() {
                Some(comment) => before_done(&data, &comment),
                None => data,
            }),
            Ok(data) => Frame::data(data),
            Err(other) => other,
        };
        Poll::Ready(Some(Ok(frame)))
    }
}

fn before_done(data: &Bytes, comment: &str) -> Bytes {
    let mut whole = BytesMut::from(&data[..data.len() - DONE.len()]);
    whole.extend_from_slice(comment.as_bytes());
    whole.extend_from_slice(DONE.as_bytes());
    whole.freeze()
}
