//! Every way a call ends without an answer, and the one map to HTTP.

use std::borrow::Cow;
use std::sync::Arc;

use axum::response::Response;
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use keypurse_core::ledger::{PurseId, Short};
use keypurse_providers::presets;
use keypurse_store::Repeated;
use serde_json::{Map, Value, json};

use crate::gateway::call::once;
use crate::gateway::call::read_body::BodyError;
use crate::gateway::error_body::Shape;
use crate::gateway::rules::Refused;
use crate::gateway::upstream::dispatch::{UpstreamFailure, UpstreamFault};
use crate::http::authenticate::AuthError;
use crate::http::envelope::Envelope;

/// The ledger takes no hold.
const NO_CALL: &str = "spending cannot be recorded now, so no call is made; retry later";
/// The ledger takes no charge.
const CHARGE_FOLLOWS: &str = "the call was made, and its charge cannot be recorded now: it follows, \
     and no more of the answer is shown; retry later";
/// The ledger covers no more of what is delivered.
const NO_MORE: &str = "the answer ends here, for what comes next cannot be recorded now; what was \
     delivered is charged; retry later";
/// What everybody is told until the operator has acknowledged a restore.
const RESTORED: &str = "this gateway was restored from a backup and spends nothing until its \
     operator acknowledges that: stop it, run `keypurse restore --ack --data-dir DIR`, start it again";

/// Why a call is not answered by a model.
#[derive(Debug)]
pub(super) enum GatewayError {
    /// The node is about to stop.
    Draining,
    Unauthenticated(AuthError),
    TooManyFailures {
        retry_after_seconds: i64,
    },
    Body(BodyError),
    Invalid {
        param: Option<Cow<'static, str>>,
        message: String,
    },
    Unpriced {
        param: &'static str,
        why: Cow<'static, str>,
    },
    /// A conversation that is kept at the provider.
    Thread,
    ModelNotFound {
        message: String,
    },
    /// A response that is not there, or not the caller's.
    NoSuchResponse {
        param: Option<&'static str>,
    },
    ModelUnpriced {
        provider: Arc<str>,
        model: String,
    },
    /// The token's rules forbid it.
    Refused(Refused),
    Insufficient(Shortage),
    OnHold(Shortage),
    /// The client's key has been used.
    Repeated(Repeated),
    /// Too much waits for the ledger.
    Overloaded,
    /// A provider has as many calls as its operator lets it have.
    ProviderBusy {
        provider: Arc<str>,
    },
    /// The ledger cannot write.
    LedgerUnavailable,
    /// The ledger cannot take the charge of a call that was made.
    ChargeUnrecorded,
    /// The ledger cannot cover more of an answer that was delivered in part.
    RestUncovered,
    /// The ledger came from a backup and nobody has said yet that it may spend.
    Restored,
    Upstream(UpstreamFailure),
    /// The provider's own refusal, which concerns the client.
    PassedOn(Box<PassedOn>),
    /// A bug of ours; what it was is in the log.
    Internal,
}

impl From<Refused> for GatewayError {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

/// Which purse is short, and what it would still buy.
#[derive(Debug)]
pub(super) struct Shortage {
    pub(super) short: Short,
    pub(super) affordable_output_tokens: u64,
}

/// A provider's answer that is passed on as it is.
#[derive(Debug)]
pub(super) struct PassedOn {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: bytes::Bytes,
}

impl GatewayError {
    pub(super) fn invalid(param: Option<&'static str>, message: impl Into<String>) -> Self {
        Self::Invalid {
            param: param.map(Cow::Borrowed),
            message: message.into(),
        }
    }

    pub(super) fn unpriced(param: &'static str, why: impl Into<Cow<'static, str>>) -> Self {
        Self::Unpriced {
            param,
            why: why.into(),
        }
    }

    /// The answer to the client.
    pub(super) fn into_response(self, envelope: Envelope) -> Response {
        let (header, shape) = match self {
            Self::PassedOn(passed) => return passed.into_response(),
            other => (other.header(), other.shape()),
        };
        let mut response = shape.into_response(envelope);
        if let Some((name, value)) = header {
            response.headers_mut().insert(name, value);
        }
        response
    }

    /// The header that tells a client what to do about it.
    fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::TooManyFailures {
                retry_after_seconds,
            } => Some(retry_after(*retry_after_seconds)),
            Self::Refused(refused) => refused.retry_after_seconds().map(retry_after),
            Self::OnHold(_)
            | Self::Overloaded
            | Self::ProviderBusy { .. }
            | Self::Repeated(Repeated::Running)
            | Self::LedgerUnavailable
            | Self::ChargeUnrecorded
            | Self::RestUncovered
            | Self::Unauthenticated(AuthError::ClockBehind | AuthError::Store(_)) => {
                Some(retry_after(1))
            }
            Self::Unauthenticated(_) => {
                Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")))
            }
            Self::Draining => Some(retry_after(5)),
            // It would be refused for a day; OpenAI's SDKs repeat a 409 else.
            Self::Repeated(Repeated::Finished { .. } | Repeated::OtherRequest) => Some((
                HeaderName::from_static("x-should-retry"),
                HeaderValue::from_static("false"),
            )),
            Self::Body(_)
            | Self::Invalid { .. }
            | Self::Unpriced { .. }
            | Self::Thread
            | Self::ModelNotFound { .. }
            | Self::NoSuchResponse { .. }
            | Self::ModelUnpriced { .. }
            | Self::Insufficient(_)
            | Self::Upstream(_)
            | Self::PassedOn(_)
            | Self::Restored
            | Self::Internal => None,
        }
    }

    /// What is said of it.
    pub(super) fn shape(self) -> Shape {
        match self {
            Self::Draining => Shape::new(
                503,
                "draining",
                "the gateway is about to stop; retry in a moment",
            ),
            Self::Unauthenticated(error) => unauthenticated(&error),
            Self::TooManyFailures {
                retry_after_seconds,
            } => {
                let message = format!(
                    "too many failed sign-ins from this address; retry in {retry_after_seconds} s"
                );
                Shape::new(429, "rate_limited", message)
            }
            Self::Body(error) => body(&error),
            Self::Invalid { param, message } => {
                Shape::new(400, "invalid_request", message).about(param)
            }
            Self::Unpriced { param, why } => {
                let message = format!("`{param}` cannot be priced: {why}; leave it out");
                Shape::new(400, "unpriced_parameter", message).about(Some(param.into()))
            }
            Self::Thread => thread(),
            Self::ModelNotFound { message } => {
                Shape::new(404, "model_not_found", message).about(Some("model".into()))
            }
            Self::NoSuchResponse { param } => {
                let message = "no response of this key has that id; it may be another key's, \
                               deleted, or of another provider than the model's";
                let shape = Shape::new(404, "response_not_found", message);
                shape.about(param.map(Cow::Borrowed))
            }
            Self::ModelUnpriced { provider, model } => model_unpriced(&provider, &model),
            Self::Refused(refused) => refused.shape(),
            Self::Insufficient(shortage) => shortage.shape(
                402,
                "insufficient_balance",
                "does not cover this call: top it up, or ask for less",
            ),
            Self::OnHold(shortage) => shortage.shape(
                429,
                "balance_on_hold",
                "is held by calls in flight: retry when they have finished",
            ),
            Self::Repeated(repeated) => once::shape(repeated),
            Self::Overloaded => Shape::new(
                503,
                "overloaded",
                "too many calls at once; retry in a moment",
            ),
            Self::ProviderBusy { provider } => provider_busy(&provider),
            Self::LedgerUnavailable => Shape::new(503, "ledger_unavailable", NO_CALL),
            Self::ChargeUnrecorded => Shape::new(503, "ledger_unavailable", CHARGE_FOLLOWS),
            Self::RestUncovered => Shape::new(503, "ledger_unavailable", NO_MORE),
            Self::Restored => Shape::new(503, "ledger_unavailable", RESTORED),
            Self::Upstream(failure) => upstream(&failure),
            Self::PassedOn(_) => unreachable!("passed on before it gets a shape"),
            Self::Internal => Shape::new(
                500,
                "internal_error",
                "something went wrong here; it was logged",
            ),
        }
    }
}

fn retry_after(seconds: i64) -> (HeaderName, HeaderValue) {
    (RETRY_AFTER, HeaderValue::from(seconds))
}

fn provider_busy(provider: &str) -> Shape {
    let message = format!(
        "provider `{provider}` has as many calls under way as it may; retry in a moment, or name \
         `fallbacks`"
    );
    Shape::new(503, "overloaded", message)
}

fn unauthenticated(error: &AuthError) -> Shape {
    let (code, message) = match error {
        AuthError::Missing => (
            "invalid_api_key",
            "no API key was sent; send `Authorization: Bearer <key>`",
        ),
        AuthError::Malformed => (
            "invalid_api_key",
            "send exactly one `Authorization: Bearer <key>`",
        ),
        AuthError::Unknown | AuthError::Retired => (
            "invalid_api_key",
            "this API key is not valid; check it, or create a new one",
        ),
        AuthError::ViewerKey => (
            "invalid_api_key",
            "this is a viewer key, which may only look; call with a token or the account key",
        ),
        AuthError::Expired => (
            "api_key_expired",
            "this API key has expired; extend it, or create a new one",
        ),
        AuthError::ClockBehind => {
            let message = "this API key has an expiry, and the gateway's clock is wrong now; \
                           retry later";
            return Shape::new(503, "ledger_unavailable", message);
        }
        AuthError::Store(_) => return GatewayError::LedgerUnavailable.shape(),
    };
    Shape::new(401, code, message)
}

fn body(error: &BodyError) -> Shape {
    match error {
        BodyError::TooLarge { limit } => {
            let message = format!("the body is larger than {limit} bytes; send less");
            Shape::new(413, "request_too_large", message)
        }
        BodyError::Compressed => {
            let message = "send the body without Content-Encoding";
            Shape::new(415, "unsupported_encoding", message)
        }
        BodyError::TooSlow => Shape::new(
            408,
            "request_timeout",
            "the body came too slowly; send it at once",
        ),
        BodyError::Interrupted => {
            let message = "the body ended before it was complete";
            Shape::new(400, "invalid_request", message)
        }
    }
}

/// "Message threads": Anthropic's SDKs go on without one when they read this.
fn thread() -> Shape {
    let message = "`thread` is not offered here: what is kept at the provider has no bound, and \
                   is not one key's alone; send the whole conversation without it";
    let mut shape = Shape::new(400, "unpriced_parameter", message).about(Some("thread".into()));
    let details = json!({"error_code": "thread_unsupported_request", "unsupported": []});
    shape.details.insert("details".to_owned(), details);
    shape
}

fn model_unpriced(provider: &str, model: &str) -> Shape {
    // JSON's escapes are TOML's.
    let quoted = Value::from(format!("{provider}/{model}"));
    let mut message = format!(
        "no price is known for `{provider}/{model}`, so it is not called; add to keypurse.toml:\n\n\
         [[prices]]\n\
         model = {quoted}\n\
         input_per_million = \"0.00\"\n\
         output_per_million = \"0.00\"\n\
         max_output_tokens = 4096\n"
    );
    // Elsewhere this would give away what somebody else is paid for.
    if presets::find(provider).is_some_and(|preset| preset.is_local) {
        message.push_str(
            "\nor, if none of its models shall cost anything, `free = true` under \
                          this provider\n",
        );
    }
    Shape::new(503, "model_unpriced", message).about(Some("model".into()))
}

fn upstream(failure: &UpstreamFailure) -> Shape {
    let provider = &failure.provider;
    let (status, code, what) = match failure.fault {
        UpstreamFault::Unreachable => (502, "upstream_error", "could not be reached"),
        UpstreamFault::Refused(_) => (502, "upstream_error", "refused the gateway's request"),
        UpstreamFault::Broken => (502, "upstream_error", "broke off its answer"),
        UpstreamFault::Nonsense => (502, "upstream_error", "sent no valid answer"),
        UpstreamFault::TooLarge => (502, "upstream_error", "sent more than is accepted"),
        UpstreamFault::Timeout => (504, "upstream_timeout", "did not answer in time"),
    };
    let message = format!("provider `{provider}` {what}; retry later, or use another model");
    Shape::new(status, code, message)
}

impl Shortage {
    fn shape(&self, status: u16, code: &'static str, what: &str) -> Shape {
        let Short {
            purse,
            needed,
            available,
            held,
        } = self.short;
        let purse = match purse {
            PurseId::Account(_) => "account",
            PurseId::Token(_) => "token",
        };
        let message = format!(
            "the {purse}'s balance {what} (needs ${needed}, available ${available}, held ${held})"
        );
        let mut shape = Shape::new(status, code, message);
        let amount = |money: keypurse_core::money::Money| Value::from(money.to_string());
        shape.details = Map::from_iter([
            ("purse".to_owned(), purse.into()),
            ("needed".to_owned(), amount(needed)),
            ("available".to_owned(), amount(available)),
            ("held".to_owned(), amount(held)),
            (
                "affordable_output_tokens".to_owned(),
                self.affordable_output_tokens.into(),
            ),
        ]);
        shape
    }
}
