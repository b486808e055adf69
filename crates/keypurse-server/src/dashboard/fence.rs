//! Around every page: who may send what, and the headers of each answer.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, ORIGIN, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::transport::{Way, own_origin};
use super::trouble::Trouble;
use crate::state::AppState;

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; \
     form-action 'self'; frame-ancestors 'none'; object-src 'none'; \
     require-trusted-types-for 'script'";
/// Two years; no subdomains, which may be somebody else's.
const HSTS: &str = "max-age=63072000";
const SEC_FETCH_SITE: &str = "sec-fetch-site";
/// htmx says that it asks, and is told to load the page anew.
const HX_REQUEST: &str = "hx-request";
const HX_REFRESH: &str = "hx-refresh";

/// Refuses what changes something unless one of our own pages asks for it,
/// and puts the security headers on every answer.
pub(super) async fn guard(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let way = Way::of(state.settings.transport, &parts);
    let is_part = parts.headers.contains_key(HX_REQUEST);
    let mut response = if is_harmless(&parts.method) || is_from_our_page(way, &parts) {
        next.run(Request::from_parts(parts, body)).await
    } else {
        Trouble::CrossSite.into_response()
    };
    if is_part && response.status() == StatusCode::UNAUTHORIZED {
        // A part of a page cannot sign in: the whole page can.
        response
            .headers_mut()
            .insert(HX_REFRESH, HeaderValue::from_static("true"));
    }
    harden(way, response.headers_mut());
    response
}

pub(super) fn is_harmless(method: &Method) -> bool {
    *method == Method::GET || *method == Method::HEAD
}

/// Browsers say where a request comes from and let no page lie about it. One
/// that says neither is refused.
fn is_from_our_page(way: Way, request: &Parts) -> bool {
    if let Some(site) = request.headers.get(SEC_FETCH_SITE) {
        return site == "same-origin";
    }
    let origin = request.headers.get(ORIGIN);
    let own = own_origin(way, request);
    origin
        .zip(own)
        .is_some_and(|(origin, own)| origin.as_bytes() == own.as_bytes())
}

pub(super) fn harden(way: Way, headers: &mut HeaderMap) {
    let same_origin = HeaderValue::from_static("same-origin");
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(CSP));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(
        HeaderName::from_static("cross-origin-opener-policy"),
        same_origin.clone(),
    );
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        same_origin,
    );
    if way == Way::Encrypted {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HSTS));
    }
    // Assets say for themselves how long they keep.
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}
