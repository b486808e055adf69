//! `messages/count_tokens`: how many input tokens a request would have. It
//! costs nothing, so nothing is held and nothing is recorded; whoever may not
//! call the model may not count for it either.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts as Head;
use http::{HeaderMap, HeaderValue, Request};
use keypurse_core::token::TokenKind;
use keypurse_providers::anthropic::token_count;
use keypurse_providers::tokenizer::Tokenizer;
use keypurse_store::TokenCredential;
use tokio::task::spawn_blocking;

use super::count::count;
use super::request::read_uncapped;
use crate::gateway::call::read_body::read_body;
use crate::gateway::call::serve::failed_sign_in;
use crate::gateway::config::Dialect;
use crate::gateway::endpoint::asked::{Asked, Wire};
use crate::gateway::endpoint::kind::Endpoint;
use crate::gateway::endpoint::members::{self, Members};
use crate::gateway::error::GatewayError;
use crate::gateway::routing::route::Route;
use crate::gateway::rules::{self, Wanted};
use crate::gateway::sandbox;
use crate::gateway::upstream::address::Upstream;
use crate::gateway::upstream::dispatch::{UpstreamFailure, UpstreamFault};
use crate::gateway::upstream::lookup::post;
use crate::gateway::upstream::provider::Reached;
use crate::gateway::upstream::translation::Reading;
use crate::http::authenticate::{Caller, authenticate};
use crate::http::peer::PeerAddr;
use crate::state::{AppState, State};

/// Longer requests are estimated by their bytes: counting takes time, and is
/// free.
const LONGEST_COUNTED: usize = 1024 * 1024;
/// Bytes of a token, about, in English.
const BYTES_PER_TOKEN: u64 = 4;
/// An image whose size its provider does not publish is taken for one of
/// Anthropic's ("Vision").
const IMAGE: u64 = 1600;

/// Answers how many tokens a request has.
pub(in crate::gateway) async fn serve(state: AppState, request: Request<Body>) -> Response {
    let answer = answer(&state, request).await;
    answer.unwrap_or_else(|refused| refused.into_response(Endpoint::Messages.envelope()))
}

async fn answer(state: &AppState, request: Request<Body>) -> Result<Response, GatewayError> {
    if state.draining.is_cancelled() {
        return Err(GatewayError::Draining);
    }
    let now = state.now();
    let (head, body) = request.into_parts();
    let schemes = Endpoint::Messages.schemes();
    let caller = authenticate(state, &head.headers, schemes, now)
        .await
        .map_err(|failure| failed_sign_in(state, &head, failure, now))?;
    let body = read_body(&head.headers, body, state.settings.max_body_bytes)
        .await
        .map_err(GatewayError::Body)?;
    let asked = {
        let object = members::object(&body)?;
        read_uncapped(&Members { object: &object }, &body)?
    };
    let asked = asked.with_headers(&head.headers)?;
    let is_sandbox = |token: &&TokenCredential| token.settings.kind == TokenKind::Sandbox;
    if let Some(token) = caller.token().filter(is_sandbox) {
        let gateway = &state.gateway;
        let route = gateway.sandbox_route(&asked.model, Endpoint::Messages, now)?;
        let _permit = permit(state, &head, &caller, &route)?;
        sandbox::fail_count(state, &head.headers, &asked.model, token.token, &route).await?;
        return Ok(counted_here(asked, &route).await);
    }
    let route = state.gateway.route(&asked.model, Endpoint::Messages, now)?;
    let _permit = permit(state, &head, &caller, &route)?;
    match &route.provider.reached {
        Reached::Http(upstream) if upstream.api.dialect == Dialect::Anthropic => {
            counted_there(state, &asked, &route, upstream).await
        }
        Reached::Http(_) | Reached::InProcess | Reached::Simulated(_) => {
            Ok(counted_here(asked, &route).await)
        }
    }
}

fn permit(
    state: &AppState,
    head: &Head,
    caller: &Caller,
    route: &Route,
) -> Result<rules::Permit, GatewayError> {
    let wanted = Wanted {
        address: PeerAddr::of(head).0.ip(),
        provider: &route.provider.name,
        model: &route.model,
    };
    Ok(rules::admit(state, caller.token(), &wanted)?)
}

/// The provider's own count, which it does not charge for ("Token counting").
async fn counted_there(
    state: &State,
    asked: &Asked,
    route: &Route,
    upstream: &Upstream,
) -> Result<Response, GatewayError> {
    let failed = |fault| {
        let provider = route.provider.name.clone();
        GatewayError::Upstream(UpstreamFailure { provider, fault })
    };
    let url = upstream.url_below(Endpoint::Messages, "count_tokens");
    let url = url.ok_or_else(|| failed(UpstreamFault::Unreachable))?;
    let mut headers = HeaderMap::new();
    if let Wire::Messages(messages) = &asked.wire {
        headers.extend(messages.betas(route));
    }
    let question = (url, headers, asked.to_count(route));
    let (_, body) = post(&state.gateway, &route.provider, upstream, question).await?;
    match serde_json::from_slice::<serde_json::Value>(&body) {
        Ok(count) if count["input_tokens"].is_u64() => Ok(json(body)),
        Ok(_) | Err(_) => Err(failed(UpstreamFault::Nonsense)),
    }
}

/// Our own count, in the model's vocabulary where it is public, else in
/// another one.
async fn counted_here(asked: Asked, route: &Route) -> Response {
    // What a call would be refused for can still be counted.
    let Reading { text, parts, .. } = asked
        .reading(route, 1)
        .unwrap_or_else(|_| asked.as_written());
    let each = route.image_tokens.map_or(IMAGE, |image| image.high);
    let beside = parts.all_images().saturating_mul(each) + parts.added_tokens;
    let by_bytes = text.div_ceil(BYTES_PER_TOKEN);
    let tokenizer = route
        .tokenizer
        .or_else(|| Tokenizer::of("openai", "gpt-4o"));
    let tokenizer = tokenizer.filter(Tokenizer::ready);
    let counted = match tokenizer.filter(|_| asked.body.len() <= LONGEST_COUNTED) {
        Some(tokenizer) => spawn_blocking(move || count(&asked.body, tokenizer))
            .await
            .ok(),
        None => None,
    };
    let text = counted.flatten().map_or(by_bytes, |count| count.likely);
    json(token_count(text + beside).into())
}

fn json(body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
