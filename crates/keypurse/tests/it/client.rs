//! A small HTTP client that tells a whole answer from a cut one.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, Response, body::Incoming};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Talks to one server.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    base: String,
    http: hyper_util::client::legacy::Client<HttpConnector, Full<Bytes>>,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }
}

impl Client {
    pub(crate) fn new(address: &str) -> Self {
        let http = hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build_http();
        Self {
            base: format!("http://{address}"),
            http,
        }
    }

    pub(crate) async fn get(&self, path: &str, key: &str) -> Result<Answer, Failure> {
        self.send(Method::GET, path, key, None).await
    }

    pub(crate) async fn post(
        &self,
        path: &str,
        key: &str,
        body: &Value,
    ) -> Result<Answer, Failure> {
        self.send(Method::POST, path, key, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str, key: &str) -> Result<Answer, Failure> {
        self.send(Method::DELETE, path, key, None).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        key: &str,
        body: Option<&Value>,
    ) -> Result<Answer, Failure> {
        let response = self.open(method, path, key, body).await?;
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await?.to_bytes();
        Ok(Answer {
            status,
            text: String::from_utf8(bytes.to_vec())?,
        })
    }

    /// The head of an answer; its body is still to come.
    pub(crate) async fn open(
        &self,
        method: Method,
        path: &str,
        key: &str,
        body: Option<&Value>,
    ) -> Result<Response<Incoming>, Failure> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base));
        if !key.is_empty() {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map(ToString::to_string).unwrap_or_default();
        Ok(self.http.request(request.body(Full::from(body))?).await?)
    }
}

pub(crate) fn request_id(response: &Response<Incoming>) -> String {
    let id = response.headers().get("x-request-id");
    id.and_then(|id| id.to_str().ok())
        .unwrap_or_default()
        .to_owned()
}
