//! An answer in one piece: charged, then shown with its cost.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use keypurse_providers::openai::Answer;

use super::cost::{add_charge, add_overdraft, with_cost};
use crate::gateway::call::fund::Funded;
use crate::gateway::call::settle::{Told, Used, settle};
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
    let answer = funded.asked.endpoint.read_answer(body);
    let answer = answer.ok_or_else(|| Undelivered::NoAnswer(nonsense(funded)))?;
    let used = used(funded, &answer).await;
    let charge = settle(funded, used, StatusCode::OK.as_u16())
        .await
        .map_err(Undelivered::NotCharged)?;
    let shown = with_cost(body, &answer, charge.cost, &funded.route.provider.name);
    let shown = funded.attempts.told_in(shown, &funded.route);
    let mut response = Response::new(Body::from(shown.clone()));
    *response.headers_mut() = headers;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    add_charge(headers, &charge);
    add_overdraft(headers, funded);
    funded.cache_whole(state, &mut response, &shown);
    if funded.is_claimed {
        state.gateway.kept.keep(funded.call, &response, shown);
    }
    Ok(response)
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
