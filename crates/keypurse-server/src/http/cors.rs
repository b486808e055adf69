//! Pages of other origins that may call `/v2`, because the operator names
//! them. They send a key with each call, as every client does: a browser is
//! never told that it may add what it keeps for us (credentials mode), and the
//! dashboard's pages are out of their reach.

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
    VARY,
};
use http::{HeaderValue, Method, StatusCode, Uri};
use thiserror::Error;

const PATHS: &str = "/v2/";
const METHODS: &str = "GET, POST, PATCH, DELETE";
const SENT: &str = "authorization, content-type, accept, idempotency-key, if-match";
const READ: &str = "etag, link, retry-after, idempotent-replayed, x-request-id, www-authenticate";
/// How long a browser need not ask again: two hours, the most Chromium keeps.
const MAX_AGE_SECONDS: &str = "7200";

/// An origin as browsers write it: `https://host` or `https://host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(HeaderValue);

/// A text that no browser sends as an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not an origin such as https://admin.example.com: scheme, host and port, nothing else")]
pub struct BadOrigin;

impl Origin {
    /// Reads one exactly: no path, no `*`, no capital letter.
    pub fn parse(text: &str) -> Result<Self, BadOrigin> {
        let uri: Uri = text.parse().map_err(|_| BadOrigin)?;
        let scheme = uri.scheme_str().ok_or(BadOrigin)?;
        let authority = uri.authority().ok_or(BadOrigin)?;
        let standard_port = match scheme {
            "https" => 443,
            "http" => 80,
            _ => return Err(BadOrigin),
        };
        let is_whole = text == format!("{scheme}://{authority}")
            && !authority.as_str().contains(['@', '*'])
            && !text.contains(|c: char| c.is_ascii_uppercase())
            // Browsers leave it out.
            && authority.port_u16() != Some(standard_port);
        let value = HeaderValue::from_str(text).map_err(|_| BadOrigin)?;
        is_whole.then_some(Self(value)).ok_or(BadOrigin)
    }
}

/// What a request from a page that is let in is told.
#[derive(Debug)]
pub(crate) struct Allowed {
    origin: HeaderValue,
}

/// Whether a page of a named origin sent this request.
pub(crate) fn allowed(origins: &[Origin], request: &Request) -> Option<Allowed> {
    if origins.is_empty() || !request.uri().path().starts_with(PATHS) {
        return None;
    }
    let origin = request.headers().get(ORIGIN)?;
    let is_named = origins.iter().any(|Origin(named)| named == origin);
    is_named.then(|| Allowed {
        origin: origin.clone(),
    })
}

/// Whether a browser asks what it may send, instead of sending it.
pub(crate) fn is_preflight(request: &Request) -> bool {
    *request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

impl Allowed {
    /// The answer to a browser that asks first.
    pub(crate) fn preflight(self) -> Response {
        let headers = [
            (ACCESS_CONTROL_ALLOW_METHODS, METHODS),
            (ACCESS_CONTROL_ALLOW_HEADERS, SENT),
            (ACCESS_CONTROL_MAX_AGE, MAX_AGE_SECONDS),
        ];
        self.mark((StatusCode::NO_CONTENT, headers).into_response())
    }

    /// Lets the page read an answer.
    pub(crate) fn mark(self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, self.origin);
        headers.insert(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(READ),
        );
        headers.append(VARY, HeaderValue::from_static("origin"));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::Origin;

    #[test]
    fn an_origin_is_what_browsers_send_to_the_letter() {
        for good in [
            "https://admin.example.com",
            "https://admin.example.com:8443",
            "http://localhost:5173",
            "http://[::1]:3000",
        ] {
            assert!(Origin::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "*",
            "null",
            "admin.example.com",
            "https://*.example.com",
            "https://admin.example.com/",
            "https://admin.example.com/app",
            "https://Admin.example.com",
            "https://admin.example.com:443",
            "https://user@admin.example.com",
            "ftp://admin.example.com",
            "https://",
        ] {
            assert!(Origin::parse(bad).is_err(), "{bad}");
        }
    }
}
