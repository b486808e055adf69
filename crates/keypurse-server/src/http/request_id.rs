//! Every request has an id, every answer carries it, and every failure behind
//! an answer is logged once, with that id.

use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use keypurse_core::id::CallId;
use tracing::{Level, debug, enabled, error};

use crate::http::refusal::{Cause, Refusal, RefusalCode};
use crate::state::State;

/// The header that carries the id.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives a request its [`keypurse_core::id::CallId`], as an extension, and the answer its header.
///
/// A broken invariant ends the request, not the connection: 500, and the panic
/// is in the log.
pub async fn stamp(state: &State, mut request: Request, next: Next) -> Response {
    let id = state.call_ids.next(state.now(), &*state.entropy);
    request.extensions_mut().insert(id);
    let asked = Asked::of(&request);
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let mut response = answered.unwrap_or_else(|_| {
        error!(request.id = %id, "a request broke an invariant; the panic message is above");
        Refusal::Bug.into_response()
    });
    if let Some(Cause(cause)) = response.extensions_mut().remove() {
        let chain = chain(&*cause);
        error!(request.id = %id, error = chain, "storage failed behind an answer");
    }
    if let Some(RefusalCode(code)) = response.extensions_mut().remove() {
        state.metrics.refused(code);
    }
    if let Some(asked) = asked {
        asked.log(id, response.status());
    }
    let value = HeaderValue::from_str(&id.to_string()).expect("an id is ASCII");
    response.headers_mut().entry(X_REQUEST_ID).or_insert(value);
    response
}

/// The target of a line for each request and each call.
pub const ACCESS: &str = "keypurse_access";

/// A request that is to have a line in the log: its query and headers are not
/// looked at.
struct Asked {
    method: Method,
    path: String,
    began: Instant,
}

impl Asked {
    /// `None`: nobody wants the line.
    fn of(request: &Request) -> Option<Self> {
        enabled!(target: ACCESS, Level::DEBUG).then(|| Self {
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            began: Instant::now(),
        })
    }

    fn log(self, id: CallId, status: StatusCode) {
        let Self {
            method,
            path,
            began,
        } = self;
        let millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        debug!(
            target: ACCESS, request_id = %id, %method, path, status = status.as_u16(), millis,
            "answered"
        );
    }
}

/// An error and everything that caused it, on one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
