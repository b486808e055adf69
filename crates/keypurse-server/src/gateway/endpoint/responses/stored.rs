//! `GET` and `DELETE responses/{id}`: at whoever keeps it, for its owner
//! alone. They cost nothing and set nothing aside.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use http::Request;
use http::request::Parts;
use keypurse_core::token::TokenKind;
use keypurse_store::TokenCredential;

use super::ids::{Names, NotYours, provider_of};
use super::shown::shown;
use crate::gateway::call::serve::failed_sign_in;
use crate::gateway::endpoint::kind::Endpoint;
use crate::gateway::error::GatewayError;
use crate::gateway::rules;
use crate::gateway::sandbox;
use crate::gateway::upstream::dispatch::forwarded;
use crate::gateway::upstream::lookup::look_up;
use crate::gateway::upstream::provider::Reached;
use crate::http::authenticate::authenticate;
use crate::http::peer::PeerAddr;
use crate::state::AppState;

/// Shows a stored response, or deletes it.
pub(in crate::gateway) async fn stored(
    State(state): State<AppState>,
    Path(id): Path<String>,
    request: Request<Body>,
) -> Response {
    let (head, _) = request.into_parts();
    let envelope = Endpoint::Responses.envelope();
    answer(&state, &id, &head)
        .await
        .unwrap_or_else(|refused| refused.into_response(envelope))
}

async fn answer(state: &AppState, id: &str, head: &Parts) -> Result<Response, GatewayError> {
    if state.draining.is_cancelled() {
        return Err(GatewayError::Draining);
    }
    let (endpoint, now) = (Endpoint::Responses, state.now());
    let caller = authenticate(state, &head.headers, endpoint.schemes(), now)
        .await
        .map_err(|failure| failed_sign_in(state, head, failure, now))?;
    rules::admit_address(caller.token(), PeerAddr::of(head).0.ip())?;
    let query = shown_query(head)?;
    let not_found = || GatewayError::NoSuchResponse { param: None };
    // A sandbox token reaches nobody.
    let is_sandbox = |token: &&TokenCredential| token.settings.kind == TokenKind::Sandbox;
    if let Some(token) = caller.token().filter(is_sandbox) {
        return sandbox::stored(state, (&caller, token.token), id, &head.method);
    }
    let provider = provider_of(id).and_then(|name| state.gateway.providers.get(&name));
    let provider = provider.ok_or_else(not_found)?;
    let names = Names::of(state.vault.keyring(), &caller, provider.name.clone());
    let theirs = names.open(id).map_err(|NotYours| not_found())?;
    let Reached::Http(upstream) = &provider.reached else {
        return Err(not_found());
    };
    let url = upstream.url_below(endpoint, &format!("{theirs}{query}"));
    let url = url.ok_or_else(not_found)?;
    let method = head.method.clone();
    let (headers, body) = look_up(&state.gateway, provider, upstream, method, url).await?;
    let mut response = Response::new(Body::from(shown(&body, Some(&names), None)));
    *response.headers_mut() = forwarded(&headers);
    Ok(response)
}

/// What a provider is asked for beside the response itself. A stream is of
/// responses made in the background, which there are none of.
fn shown_query(head: &Parts) -> Result<String, GatewayError> {
    let asked = head.uri.query().unwrap_or_default();
    let mut passed = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(asked.as_bytes()) {
        match name.as_ref() {
            "include" | "include[]" => drop(passed.append_pair(&name, &value)),
            "stream" if value == "true" => {
                let wrong = "a stored response is not streamed; leave `stream` out";
                return Err(GatewayError::invalid(Some("stream"), wrong));
            }
            _ => {}
        }
    }
    let passed = passed.finish();
    let is_empty = passed.is_empty();
    Ok(if is_empty {
        passed
    } else {
        format!("?{passed}")
    })
}
