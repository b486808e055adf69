//! Why a management request was not done, and the one place that turns it
//! into an answer.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use keypurse_store::StoreError;
use serde::Serialize;

use crate::http::answer;
use crate::http::json::JsonError;
use crate::http::throttle::TooManyFailures;

/// What is wrong with each field of a request, every fault of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct FieldFaults {
    reasons: BTreeMap<Cow<'static, str>, Vec<Cow<'static, str>>>,
}

impl FieldFaults {
    /// Adds a reason to a field.
    pub fn add(
        &mut self,
        field: impl Into<Cow<'static, str>>,
        reason: impl Into<Cow<'static, str>>,
    ) {
        let reasons = self.reasons.entry(field.into()).or_default();
        reasons.push(reason.into());
    }

    /// These faults and others.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        for (field, reasons) in others.reasons {
            self.reasons.entry(field).or_default().extend(reasons);
        }
        self
    }

    /// Whether a field has a fault.
    pub fn has(&self, field: &str) -> bool {
        self.reasons.contains_key(field)
    }

    /// What is wrong with a field.
    pub fn reasons(&self, field: &str) -> &[Cow<'static, str>] {
        self.reasons.get(field).map_or(&[], Vec::as_slice)
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.reasons.is_empty()
    }
}

/// Why a management request was not done, in the order of the checks.
#[derive(Debug)]
pub enum Refusal {
    /// The path leads nowhere.
    NoSuchRoute,
    /// The path does not know this method.
    MethodNotAllowed,
    /// No live credential.
    Unauthenticated {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The address has presented too many wrong credentials.
    TooManyFailures(TooManyFailures),
    /// The credential is live, but not for this.
    Forbidden {
        /// What it may not do.
        reason: &'static str,
    },
    /// The body is not stated to be JSON.
    NotStatedAsJson {
        /// Which header says otherwise.
        reason: &'static str,
    },
    /// The body is longer than it may be.
    TooLarge {
        /// How long it may be.
        limit_bytes: usize,
    },
    /// The body came too slowly.
    TooSlow,
    /// The body is no JSON object.
    NotAnObject(JsonError),
    /// Some fields are invalid.
    Invalid(FieldFaults),
    /// The client's key was used for another request.
    OtherRequest,
    /// The request this key was used for is not over.
    StillRunning,
    /// The account has no live token of this name.
    NoSuchToken,
    /// The account has no alert with this id.
    NoSuchAlert,
    /// The token is not as the client has seen it.
    Stale,
    /// Storage failed; nothing was changed.
    Unavailable(StoreError),
    /// A broken invariant: our fault.
    Bug,
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error)
    }
}

impl From<JsonError> for Refusal {
    fn from(error: JsonError) -> Self {
        Self::NotAnObject(error)
    }
}

/// What failed behind an answer: for the log, never for the client.
#[derive(Clone, Debug)]
pub struct Cause(pub Arc<StoreError>);

/// The code of a refused call: for the count of refusals.
#[derive(Clone, Copy, Debug)]
pub struct RefusalCode(pub &'static str);

#[derive(Serialize)]
struct Envelope<'a, M: Serialize> {
    error: Detail<'a, M>,
}

#[derive(Serialize)]
struct Detail<'a, M: Serialize> {
    #[serde(rename = "type")]
    kind: &'a str,
    message: M,
}

#[derive(Serialize)]
struct NotFound {
    details: &'static str,
}

/// Our error body around a message.
fn error<M: Serialize>(status: StatusCode, kind: &str, message: M) -> Response {
    let error = Detail { kind, message };
    answer::json(status, &Envelope { error })
}

fn request_error(status: StatusCode, message: impl Serialize) -> Response {
    error(status, "request_error", message)
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::NoSuchRoute | Self::NoSuchToken | Self::NoSuchAlert => {
                let details = "Not Found";
                answer::json(StatusCode::NOT_FOUND, &NotFound { details })
            }
            Self::MethodNotAllowed => {
                let message = "This method is not allowed here; see the Allow header.";
                request_error(StatusCode::METHOD_NOT_ALLOWED, message)
            }
            Self::Unauthenticated { reason } => unauthenticated(reason),
            Self::TooManyFailures(failures) => too_many_failures(failures),
            Self::Forbidden { reason } => error(StatusCode::FORBIDDEN, "permission_error", reason),
            Self::NotStatedAsJson { reason } => {
                request_error(StatusCode::UNSUPPORTED_MEDIA_TYPE, reason)
            }
            Self::TooLarge { limit_bytes } => {
                let message = format!("The body must not be longer than {limit_bytes} bytes.");
                request_error(StatusCode::PAYLOAD_TOO_LARGE, message)
            }
            Self::TooSlow => {
                let message = "The body came too slowly; send it at once.";
                request_error(StatusCode::REQUEST_TIMEOUT, message)
            }
            Self::NotAnObject(JsonError { reason }) => {
                error(StatusCode::BAD_REQUEST, "parse_error", reason)
            }
            Self::OtherRequest => {
                let message = "This Idempotency-Key was used for another request; send a new one.";
                error(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "idempotency_error",
                    message,
                )
            }
            Self::StillRunning => {
                let message = "The first request with this Idempotency-Key is not over; wait, \
                               then ask again.";
                error(StatusCode::CONFLICT, "idempotency_error", message)
            }
            Self::Stale => {
                let message = "The token has changed since; get it again, then decide anew.";
                error(StatusCode::PRECONDITION_FAILED, "conflict_error", message)
            }
            Self::Invalid(faults) => error(StatusCode::BAD_REQUEST, "validation_error", faults),
            Self::Unavailable(cause) => unavailable(cause),
            Self::Bug => {
                let message = "Something went wrong on our side; it has been logged.";
                error(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", message)
            }
        }
    }
}

fn unauthenticated(reason: &str) -> Response {
    let mut response = error(StatusCode::UNAUTHORIZED, "authentication_error", reason);
    let challenge = HeaderValue::from_static("Bearer");
    response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    response
}

fn too_many_failures(failures: TooManyFailures) -> Response {
    let message = "Too many wrong API keys came from this address; wait, then try again.";
    let mut response = error(StatusCode::TOO_MANY_REQUESTS, "rate_limit_error", message);
    let seconds = HeaderValue::from(failures.retry_after_seconds);
    response.headers_mut().insert(RETRY_AFTER, seconds);
    response
}

fn unavailable(cause: StoreError) -> Response {
    let message = "This cannot be recorded now, so nothing was done; try again later.";
    let status = StatusCode::SERVICE_UNAVAILABLE;
    let mut response = error(status, "ledger_unavailable", message);
    response.extensions_mut().insert(Cause(Arc::new(cause)));
    response
}

#[cfg(test)]
mod tests {
    use super::{FieldFaults, Refusal};
    use crate::http::json::JsonError;
    use crate::http::throttle::TooManyFailures;
    use axum::response::IntoResponse;
    use keypurse_store::StoreError;

    #[test]
    fn every_refusal_has_its_status_in_the_order_of_the_checks() {
        let retry_after_seconds = 1;
        let json = JsonError {
            reason: String::new(),
        };
        let refusals = [
            (Refusal::NoSuchRoute, 404),
            (Refusal::MethodNotAllowed, 405),
            (Refusal::Unauthenticated { reason: "" }, 401),
            (
                Refusal::TooManyFailures(TooManyFailures {
                    retry_after_seconds,
                }),
                429,
            ),
            (Refusal::Forbidden { reason: "" }, 403),
            (Refusal::NotStatedAsJson { reason: "" }, 415),
            (Refusal::TooLarge { limit_bytes: 1 }, 413),
            (Refusal::TooSlow, 408),
            (Refusal::NotAnObject(json), 400),
            (Refusal::Invalid(FieldFaults::default()), 400),
            (Refusal::OtherRequest, 422),
            (Refusal::StillRunning, 409),
            (Refusal::NoSuchToken, 404),
            (Refusal::NoSuchAlert, 404),
            (Refusal::Stale, 412),
            (Refusal::Unavailable(StoreError::Overloaded), 503),
            (Refusal::Bug, 500),
        ];
        for (refusal, status) in refusals {
            let shown = format!("{refusal:?}");
            assert_eq!(refusal.into_response().status(), status, "{shown}");
        }
    }
}
