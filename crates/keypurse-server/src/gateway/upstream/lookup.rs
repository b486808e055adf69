//! Asks a provider for something it keeps or counts: no call to a model, and
//! free.

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, Method, Request, Uri};
use tokio::time::{Instant, timeout, timeout_at};

use super::address::Upstream;
use super::client::RequestBody;
use super::dispatch::{AGENT, IDENTITY, JSON, UpstreamFailure, UpstreamFault, begun};
use super::fetch::{LARGEST_ANSWER, refusal, shows_key};
use super::provider::Provider;
use crate::gateway::error::GatewayError;
use crate::gateway::state::Gateway;

/// What a provider answers to a request without a body.
pub(in crate::gateway) async fn look_up(
    gateway: &Gateway,
    provider: &Provider,
    upstream: &Upstream,
    method: Method,
    url: Uri,
) -> Result<(HeaderMap, Bytes), GatewayError> {
    let mut request = Request::new(RequestBody::empty());
    *request.method_mut() = method;
    *request.uri_mut() = url;
    ask(gateway, provider, upstream, request).await
}

/// What a provider answers to a JSON body.
pub(in crate::gateway) async fn post(
    gateway: &Gateway,
    provider: &Provider,
    upstream: &Upstream,
    (url, headers, body): (Uri, HeaderMap, Bytes),
) -> Result<(HeaderMap, Bytes), GatewayError> {
    let mut request = Request::new(RequestBody::new(body.into(), None));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = url;
    *request.headers_mut() = headers;
    request.headers_mut().insert(CONTENT_TYPE, JSON);
    ask(gateway, provider, upstream, request).await
}

async fn ask(
    gateway: &Gateway,
    provider: &Provider,
    upstream: &Upstream,
    mut request: Request<RequestBody>,
) -> Result<(HeaderMap, Bytes), GatewayError> {
    let failed = |fault: UpstreamFault| {
        let provider = provider.name.clone();
        GatewayError::Upstream(UpstreamFailure { provider, fault })
    };
    let headers = request.headers_mut();
    headers.insert(ACCEPT, JSON);
    headers.insert(ACCEPT_ENCODING, IDENTITY);
    headers.insert(USER_AGENT, AGENT);
    for (name, value) in &upstream.headers {
        headers.insert(name.clone(), value.clone());
    }
    let limits = &provider.timeouts;
    let by = Instant::now() + limits.first_byte;
    let reply = timeout_at(by, gateway.client.request(request)).await;
    let mut reply = begun(&provider.name, reply).map_err(failed)?;
    if !reply.status.is_success() {
        let refused = refusal(provider, reply).await.map_err(failed)?;
        return Err(GatewayError::PassedOn(Box::new(refused)));
    }
    let first = by.saturating_duration_since(Instant::now());
    let collect = reply.body.collect(LARGEST_ANSWER, first, limits.idle);
    let body = timeout(limits.total, collect).await;
    let body = body.map_err(|_| UpstreamFault::Timeout).flatten();
    let body = body.map_err(failed)?;
    if shows_key(&provider.reached, &body) {
        return Err(failed(UpstreamFault::Nonsense));
    }
    Ok((reply.headers, body))
}
