//! Which rule forbids a call, as its client is told.

use std::net::IpAddr;

use keypurse_core::rules::{Exceeded, Limit};

use crate::gateway::error_body::Shape;

/// Why a token's rules forbid a call, in order of precedence.
#[derive(Debug)]
pub(in crate::gateway) enum Refused {
    /// It comes from elsewhere.
    Address(IpAddr),
    /// It asks for another model.
    Model {
        /// `provider/model`.
        name: String,
    },
    /// It comes too soon.
    TooMuch(Exceeded),
}

impl Refused {
    /// In how many seconds the call is worth another try, if it is.
    pub(in crate::gateway) fn retry_after_seconds(&self) -> Option<i64> {
        match self {
            Self::TooMuch(exceeded) => Some(exceeded.retry_after_seconds()),
            Self::Address(_) | Self::Model { .. } => None,
        }
    }

    pub(in crate::gateway) fn shape(&self) -> Shape {
        match self {
            Self::Address(address) => {
                let message = format!(
                    "this API key may not be used from {address}: that is in none of its \
                     `allowed_ips`; call from there, or have them changed"
                );
                Shape::new(403, "ip_not_allowed", message)
            }
            Self::Model { name } => {
                let message = format!(
                    "this API key may not call `{name}`; its `allowed_models` and `denied_models`, \
                     which GET /v2/user/custom_token/me/ shows, say what it may"
                );
                Shape::new(403, "model_not_allowed", message).about(Some("model".into()))
            }
            Self::TooMuch(exceeded) => too_much(exceeded),
        }
    }
}

fn too_much(exceeded: &Exceeded) -> Shape {
    let (limit, allowed) = (name(exceeded.limit), exceeded.allowed);
    let seconds = exceeded.retry_after_seconds();
    let message = format!("this API key's `{limit}` of {allowed} is reached; retry in {seconds} s");
    let mut shape = Shape::new(429, "rate_limited", message);
    shape.details.extend([
        ("limit".to_owned(), limit.into()),
        ("allowed".to_owned(), allowed.get().into()),
    ]);
    shape
}

/// As the management API calls it.
fn name(limit: Limit) -> &'static str {
    match limit {
        Limit::Requests => "requests_per_minute",
        Limit::Tokens => "tokens_per_minute",
        Limit::Concurrency => "max_concurrency",
    }
}
