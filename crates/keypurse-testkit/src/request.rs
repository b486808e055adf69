//! One request to the router, and its answer.

use std::marker::PhantomData;
use std::net::{IpAddr, SocketAddr};

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use http_body_util::BodyExt;
use keypurse_server::http::peer::PeerAddr;
use serde_json::Value;
use tower::ServiceExt;

use crate::app::TestApp;

/// A request to be sent; lives no longer than its [`TestApp`].
#[derive(Debug)]
pub struct TestRequest<'a> {
    router: Router,
    request: Request<Body>,
    app: PhantomData<&'a TestApp>,
}

/// What came back, whole.
#[derive(Clone, Debug)]
pub struct TestAnswer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub text: String,
}

impl TestRequest<'_> {
    pub(crate) fn new(router: Router, method: Method, path: &str) -> Self {
        let request = Request::builder().method(method).uri(path);
        Self {
            router,
            request: request
                .body(Body::empty())
                .expect("a test writes valid paths"),
            app: PhantomData,
        }
    }

    /// With this secret instead of the account's key.
    #[must_use]
    pub fn key(mut self, secret: &str) -> Self {
        let value = HeaderValue::from_str(&format!("Bearer {secret}"));
        let value = value.expect("a secret fits in a header");
        self.request.headers_mut().insert(AUTHORIZATION, value);
        self
    }

    /// Without a credential.
    #[must_use]
    pub fn without_key(mut self) -> Self {
        self.request.headers_mut().remove(AUTHORIZATION);
        self
    }

    /// With one more header, even if there is one of this name.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).expect("a test writes valid headers");
        let name = HeaderName::from_static(name);
        self.request.headers_mut().append(name, value);
        self
    }

    /// From this address.
    #[must_use]
    pub fn from(mut self, address: IpAddr) -> Self {
        let peer = PeerAddr(SocketAddr::new(address, 40_000));
        self.request.extensions_mut().insert(peer);
        self
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.json_text(body.to_string())
    }

    /// With a body that is stated to be JSON, whatever it is.
    #[must_use]
    pub fn json_text(mut self, body: impl Into<Bytes>) -> Self {
        let json = HeaderValue::from_static("application/json");
        self.request.headers_mut().insert(CONTENT_TYPE, json);
        self.body(body)
    }

    /// With a body of no stated type.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        *self.request.body_mut() = Body::from(body.into());
        self
    }

    /// Sends it and leaves the body to be read, or not.
    pub async fn open(self) -> Response<Body> {
        let response = self.router.oneshot(self.request).await;
        let Ok(response) = response;
        response
    }

    /// Sends it and waits for the whole answer.
    pub async fn send(self) -> TestAnswer {
        let (parts, body) = self.open().await.into_parts();
        let body = body.collect().await.expect("the answer is complete");
        TestAnswer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            text: String::from_utf8(body.to_bytes().to_vec()).expect("the answer is text"),
        }
    }
}

impl TestAnswer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    /// A header's value, empty when it is absent.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().expect("a text header"))
    }
}
