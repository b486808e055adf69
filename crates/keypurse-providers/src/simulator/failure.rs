//! What a call gets instead of an answer.

use serde_json::json;
use thiserror::Error;

use super::{Endpoint, Scenario};

/// What the provider would answer 400 for.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("invalid `{param}`: {message}")]
pub struct InvalidRequest {
    /// The field at fault, as the provider names it: `messages[0].role`.
    pub param: String,
    /// What is wrong and what to send instead; fit to show to the client.
    pub message: String,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The client's mistake: 400.
    Invalid(InvalidRequest),
    /// The provider's answer to [`Scenario::RateLimit`] and the like.
    Provider(ProviderFailure),
    /// As when every attempt ran into the gateway's deadline: 504.
    Timeout,
    /// As when the purse is empty: 402.
    InsufficientBalance,
    /// As after the token's `expire_time`: 401.
    Expired,
}

/// An error answer of the simulated provider, to be passed on as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderFailure {
    /// The HTTP status.
    pub status: u16,
    /// Seconds, for `Retry-After`.
    pub retry_after: Option<u64>,
    /// JSON, in the wire of the endpoint.
    pub body: String,
}

impl InvalidRequest {
    pub(super) fn new(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            param: param.into(),
            message: message.into(),
        }
    }
}

impl From<InvalidRequest> for Failure {
    fn from(invalid: InvalidRequest) -> Self {
        Self::Invalid(invalid)
    }
}

impl Scenario {
    /// The failure this scenario is, on `endpoint`; `None` for one that changes
    /// an answer or its delivery.
    pub fn failure(self, endpoint: Endpoint) -> Option<Failure> {
        let provider = |failure: ProviderFailure| Some(Failure::Provider(failure));
        match self {
            Self::RateLimit => provider(ProviderFailure {
                retry_after: Some(1),
                ..spoken(endpoint, &RATE_LIMIT)
            }),
            Self::ServerError => provider(spoken(endpoint, &SERVER_ERROR)),
            Self::Unavailable => provider(spoken(endpoint, &UNAVAILABLE)),
            Self::Refusal if !endpoint.can_refuse() => provider(spoken(endpoint, &REFUSED)),
            Self::Length if !endpoint.can_be_cut() => provider(spoken(endpoint, &TOO_LONG)),
            Self::Timeout => Some(Failure::Timeout),
            Self::InsufficientBalance => Some(Failure::InsufficientBalance),
            Self::Expired => Some(Failure::Expired),
            Self::Slow
            | Self::SlowFirstToken
            | Self::CutStream
            | Self::MalformedChunk
            | Self::Refusal
            | Self::Length
            | Self::Empty => None,
        }
    }
}

/// One failure as both wires name it.
struct Spoken {
    status: u16,
    openai: (&'static str, Option<&'static str>),
    anthropic: &'static str,
    message: &'static str,
}

const RATE_LIMIT: Spoken = Spoken {
    status: 429,
    openai: ("rate_limit_error", Some("rate_limit_exceeded")),
    anthropic: "rate_limit_error",
    message: "simulated: the provider's rate limit is reached; retry in 1 s",
};
const SERVER_ERROR: Spoken = Spoken {
    status: 500,
    openai: ("server_error", None),
    anthropic: "api_error",
    message: "simulated: the provider had an error",
};
const UNAVAILABLE: Spoken = Spoken {
    status: 503,
    openai: ("server_error", None),
    anthropic: "overloaded_error",
    message: "simulated: the provider is overloaded",
};
const REFUSED: Spoken = Spoken {
    status: 400,
    openai: ("invalid_request_error", Some("content_policy_violation")),
    anthropic: "invalid_request_error",
    message: "simulated: the provider's safety system rejected this request",
};
const TOO_LONG: Spoken = Spoken {
    status: 400,
    openai: ("invalid_request_error", Some("context_length_exceeded")),
    anthropic: "invalid_request_error",
    message: "simulated: the input is longer than the model accepts",
};

fn spoken(endpoint: Endpoint, failure: &Spoken) -> ProviderFailure {
    let body = if endpoint.speaks_anthropic() {
        json!({
            "type": "error",
            "error": { "type": failure.anthropic, "message": failure.message },
        })
    } else {
        let (kind, code) = failure.openai;
        json!({ "error": {
            "message": failure.message, "type": kind, "param": null, "code": code,
        } })
    };
    ProviderFailure {
        status: failure.status,
        retry_after: None,
        body: body.to_string(),
    }
}
