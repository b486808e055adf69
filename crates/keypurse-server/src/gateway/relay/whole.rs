//! An answer in one piece: charged, then shown with its cost.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use keypurse_providers::openai::Answer;

use super::cost::{Paid, add_charge, add_overdraft};
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
    let none = || Undelivered::NoAnswer(nonsense(funded));
    let body = &funded.translated_answer(body).map_err(|_| none())?;
    let (answer, used) = read(funded, &headers, body).await.ok_or_else(none)?;
    let charge = settle(funded, used, StatusCode::OK.as_u16())
        .await
        .map_err(Undelivered::NotCharged)?;
    let paid = Paid {
        cost: charge.cost,
        provider: &funded.route.provider.name,
        used: used.counts(),
    };
    let shown = match &answer {
        Some(answer) => {
            let shown = funded.asked.show(body, answer, paid);
            funded.attempts.told_in(shown, &funded.route)
        }
        None => body.clone(),
    };
    let mut response = Response::new(Body::from(shown.clone()));
    *response.headers_mut() = headers;
    let headers = response.headers_mut();
    if answer.is_some() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    add_charge(headers, &charge);
    add_overdraft(headers, funded);
    funded.cache_whole(state, &mut response, &shown);
    if funded.is_claimed {
        state.gateway.kept.keep(funded.call, &response, shown);
    }
    Ok(response)
}

/// What is read of an answer, nothing where it passes as it is, and what the
/// call used. `None`: it is no answer.
async fn read<'a>(
    funded: &Funded,
    headers: &HeaderMap,
    body: &'a [u8],
) -> Option<(Option<Answer<'a>>, Used)> {
    let Some((media, most)) = funded.asked.asked_media().zip(funded.bound.most) else {
        let answer = funded.asked.endpoint.read_answer(body)?;
        let used = used(funded, &answer).await;
        return Some((Some(answer), used));
    };
    let whole = media.read_answer(&most.counts, headers, body)?;
    let told = Told {
        usage: whole.told,
        tier: None,
    };
    let used = funded.reported(told);
    let used = used.unwrap_or_else(|| funded.estimated_as(whole.counted));
    Some((whole.json, used))
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
    funded.estimated(funded.counted_input().await.likely, output)
}

/// Some providers answer 200 with an error inside, or with a web page.
fn nonsense(funded: &Funded) -> GatewayError {
    let provider = funded.route.provider.name.clone();
    GatewayError::Upstream(UpstreamFailure {
        provider,
        fault: UpstreamFault::Nonsense,
    })
}
