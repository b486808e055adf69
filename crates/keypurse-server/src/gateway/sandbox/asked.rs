//! The failure a client asks for, by header or by the model's name, and what
//! it is answered with.

use std::borrow::Cow;

use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use keypurse_core::id::TokenId;
use keypurse_core::ledger::{PurseId, Short};
use keypurse_core::money::Money;
use keypurse_providers::simulator::{Endpoint, Failure, ProviderFailure, Scenario};

use super::silence::due;
use crate::gateway::endpoint::asked::Asked;
use crate::gateway::error::{GatewayError, PassedOn, Shortage};
use crate::gateway::routing::route::Route;
use crate::gateway::upstream::dispatch::{UpstreamFailure, UpstreamFault};
use crate::http::authenticate::AuthError;
use crate::state::State;

/// The header that asks for a failure.
const SCENARIO: &str = "x-keypurse-sandbox";

/// What is asked for; the header outranks the model's name.
pub(super) fn scenario(headers: &HeaderMap, model: &str) -> Result<Option<Scenario>, GatewayError> {
    if let Some(value) = headers.get(SCENARIO) {
        let value = value.to_str().unwrap_or("?");
        return Scenario::parse(value)
            .map_err(|unknown| GatewayError::invalid(None, unknown.to_string()));
    }
    let named = Scenario::of_model(model).transpose();
    named
        .map(Option::flatten)
        .map_err(|unknown| GatewayError::invalid(Some("model"), unknown.to_string()))
}

/// The same of a rehearsal, which is carried like a live call. What is about its
/// purse or its token fails before it is paid for.
pub(in crate::gateway) fn rehearsed(
    headers: &HeaderMap,
    asked: &Asked,
    token: TokenId,
    route: &Route,
) -> Result<Option<Scenario>, GatewayError> {
    let scenario = scenario(headers, &asked.model)?;
    let own = match scenario {
        Some(Scenario::InsufficientBalance) => Failure::InsufficientBalance,
        Some(Scenario::Expired) => Failure::Expired,
        provided => return Ok(provided),
    };
    Err(failed(own, token, route))
}

/// Fails where a count of tokens is to fail: it has nothing else to spoil.
pub(in crate::gateway) async fn fail_count(
    state: &State,
    headers: &HeaderMap,
    model: &str,
    token: TokenId,
    route: &Route,
) -> Result<(), GatewayError> {
    let asked = scenario(headers, model)?;
    let failure = asked.and_then(|asked| asked.failure(Endpoint::CountTokens));
    match failure {
        Some(failure) => Err(due(state, failure, token, route).await),
        None => Ok(()),
    }
}

/// A failure as a live call has it.
pub(super) fn failed(failure: Failure, token: TokenId, route: &Route) -> GatewayError {
    match failure {
        Failure::Invalid(invalid) => GatewayError::Invalid {
            param: Some(Cow::Owned(invalid.param)),
            message: invalid.message,
        },
        Failure::Provider(failure) => passed_on(failure),
        Failure::Timeout => GatewayError::Upstream(UpstreamFailure {
            provider: route.provider.name.clone(),
            fault: UpstreamFault::Timeout,
        }),
        Failure::InsufficientBalance => GatewayError::Insufficient(Shortage {
            short: Short {
                purse: PurseId::Token(token),
                needed: Money::from_nanos(1),
                available: Money::ZERO,
                held: Money::ZERO,
            },
            affordable_output_tokens: 0,
        }),
        Failure::Expired => GatewayError::Unauthenticated(AuthError::Expired),
    }
}

fn passed_on(failure: ProviderFailure) -> GatewayError {
    GatewayError::PassedOn(Box::new(PassedOn {
        status: StatusCode::from_u16(failure.status).expect("a known status"),
        headers: headers_of(&failure),
        body: failure.body.into(),
    }))
}

/// The headers of a provider's own error.
pub(in crate::gateway) fn headers_of(failure: &ProviderFailure) -> HeaderMap {
    let json = HeaderValue::from_static("application/json");
    let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, json)]);
    if let Some(seconds) = failure.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    headers
}
