//! An answer in one piece: charged, then shown with its cost.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use keypurse_core::money::Money;
use keypurse_providers::anthropic;
use keypurse_providers::openai::Answer;

use super::cost::{add_charge, add_overdraft, with_cost};
use crate::gateway::call::fund::Funded;
use crate::gateway::call::settle::{Told, Used, settle};
use crate::gateway::endpoint::kind::Endpoint;
use crate::gateway::error::GatewayError;
use crate::gateway::upstream::dispatch::{UpstreamFailure, UpstreamFault};
use crate::state::State;

/// Why an answer is not delivered.
#[derive(Debug)]
pub(in crate::gateway) enum Undelivered {
    /// It is none: the call did not happen.
    NoAnswer(GatewayError),
    /// It is not charged yet.
    NotCharged(GatewayError),
}

/// Charges an answer and makes it presentable.
pub(in crate::gateway) async fn relay_whole(
    state: &State,
    funded: &Funded,
    headers: HeaderMap,
    body: &Bytes,
) -> Result<Response, Undelivered> {
    let none = || Undelivered::NoAnswer(nonsense(funded));
    let body = &funded.translated_answer(body).map_err(|_| none())?;
    let answer = funded.asked.endpoint.read_answer(body).ok_or_else(none)?;
    let used = used(funded, &answer).await;
    let charge = settle(funded, used, StatusCode::OK.as_u16())
        .await
        .map_err(Undelivered::NotCharged)?;
    let shown = shown(funded, body, &answer, &used, charge.cost);
    let mut response = Response::new(Body::from(shown.clone()));
    *response.headers_mut() = headers;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    add_charge(headers, &charge);
    add_overdraft(headers, funded);
    if funded.is_claimed {
        state.gateway.kept.keep(funded.call, &response, shown);
    }
    Ok(response)
}

/// The answer with its cost. A message always has usage, ours where the
/// provider told none: Anthropic's SDKs rely on it.
fn shown(funded: &Funded, body: &Bytes, answer: &Answer<'_>, used: &Used, cost: Money) -> Bytes {
    let provider = &*funded.route.provider.name;
    let lacks_usage = answer.usage.is_none() && funded.asked.endpoint == Endpoint::Messages;
    let message = lacks_usage.then(|| {
        let text = std::str::from_utf8(body).ok()?;
        anthropic::with_cost(text, Some(used.counts()), &cost.to_string(), provider)
    });
    let counted = message.flatten().map(Bytes::from);
    counted.unwrap_or_else(|| with_cost(body, answer, cost, provider))
}

/// What the answer says was used, else what is counted.
async fn used(funded: &Funded, answer: &Answer<'_>) -> Used {
    let endpoint = funded.asked.endpoint;
    let told = Told {
        usage: answer.usage.map(|usage| endpoint.read_usage(usage)),
        tier: answer.service_tier,
    };
    if let Some(used) = funded.reported(told) {
        return used;
    }
    let output = funded.counted_output(answer.texts(), answer.text_bytes());
    let output = output.await;
    funded.estimated(funded.counted_input().await, output)
}

/// Some providers answer 200 with an error inside, or with a web page.
fn nonsense(funded: &Funded) -> GatewayError {
    let provider = funded.route.provider.name.clone();
    GatewayError::Upstream(UpstreamFailure {
        provider,
        fault: UpstreamFault::Nonsense,
    })
}
