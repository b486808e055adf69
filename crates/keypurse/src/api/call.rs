//! One call of a node's API and its answer.

use std::sync::Arc;

use anyhow::Context;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use jiff::tz::TimeZone;
use keypurse_core::secret::TokenSecret;
use keypurse_server::{AppState, router};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tower::ServiceExt;

use super::http::HttpNode;
use super::refusal;

/// Everything but the unreserved characters of RFC 3986.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// A node and the key its calls carry.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) transport: Transport,
    pub(crate) key: TokenSecret,
}

/// Where the node is.
#[derive(Debug)]
pub(crate) enum Transport {
    /// It runs and listens.
    Http(Box<HttpNode>),
    /// It is this process, over a data directory no other process uses.
    InProcess(AppState),
}

/// What is asked of the API.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    method: Method,
    path: String,
    body: Option<Map<String, Value>>,
    idempotency_key: Option<&'a str>,
    accept: &'static str,
}

/// What came back, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(super) status: StatusCode,
    pub(super) text: String,
}

impl<'a> Call<'a> {
    fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            body: None,
            idempotency_key: None,
            accept: "application/json",
        }
    }

    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub(crate) fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path)
    }

    pub(crate) fn patch(path: impl Into<String>) -> Self {
        Self::new(Method::PATCH, path)
    }

    pub(crate) fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path)
    }

    #[must_use]
    pub(crate) fn body(mut self, body: Map<String, Value>) -> Self {
        self.body = Some(body);
        self
    }

    /// A repetition with the same key does nothing again.
    #[must_use]
    pub(crate) fn once(mut self, key: Option<&'a str>) -> Self {
        self.idempotency_key = key;
        self
    }

    /// The same facts as comma-separated values.
    #[must_use]
    pub(crate) fn csv(mut self) -> Self {
        self.accept = "text/csv";
        self
    }

    /// With a query string of these.
    #[must_use]
    pub(crate) fn query<K: AsRef<str>, V: AsRef<str>>(
        mut self,
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(pairs);
        let query = query.finish();
        if !query.is_empty() {
            self.path = format!("{}?{query}", self.path);
        }
        self
    }

    fn request(&self, key: &TokenSecret) -> anyhow::Result<Request<Full<Bytes>>> {
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", key.expose()))
            .context("the account key has characters that no key has")?;
        bearer.set_sensitive(true);
        let mut request = Request::builder()
            .method(&self.method)
            .uri(&self.path)
            .header(AUTHORIZATION, bearer)
            .header(ACCEPT, self.accept);
        if self.body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        if let Some(key) = self.idempotency_key {
            request = request.header("idempotency-key", key);
        }
        let body = self
            .body
            .clone()
            .map(|body| Value::Object(body).to_string());
        Ok(request.body(Full::from(body.unwrap_or_default()))?)
    }
}

impl Api {
    /// Sends a call. An answer is no error, whatever it says.
    pub(crate) async fn send(&self, call: &Call<'_>) -> anyhow::Result<Answer> {
        let request = call.request(&self.key)?;
        let (status, bytes) = match &self.transport {
            Transport::Http(node) => node.send(request).await?,
            Transport::InProcess(state) => {
                let response = router(Arc::clone(state)).oneshot(request).await;
                let (parts, body) = response.unwrap_or_else(|never| match never {}).into_parts();
                let body = body.collect().await.context("the answer was cut off")?;
                (parts.status, body.to_bytes())
            }
        };
        let text = String::from_utf8(bytes.to_vec()).context("the answer is no text")?;
        Ok(Answer { status, text })
    }

    /// Sends a call that has to succeed for `command`, such as `token list`;
    /// `doing` says what was tried, as in "cannot list the tokens".
    pub(crate) async fn ask(
        &self,
        call: &Call<'_>,
        doing: &str,
        command: &str,
    ) -> anyhow::Result<Answer> {
        let answer = self.send(call).await.with_context(|| cannot(doing))?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        Err(refusal::explain(&answer, command).context(cannot(doing)))
    }

    /// The zone of the node's days, where it can be known.
    pub(crate) fn zone(&self) -> Option<&TimeZone> {
        match &self.transport {
            Transport::Http(_) => None,
            Transport::InProcess(state) => Some(&state.settings.zone),
        }
    }

    /// Closes the books of a node in this process.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        if let Transport::InProcess(state) = self.transport {
            state.tasks.close();
            state.tasks.wait().await;
            let closed = state.store.close().await;
            closed.context("what was asked is done, but the database did not close well")?;
        }
        Ok(())
    }
}

fn cannot(doing: &str) -> String {
    format!("cannot {doing}")
}

impl Answer {
    /// Its body as it came.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Its body, understood.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        serde_json::from_str(&self.text).map_err(|error| refusal::not_understood(&error))
    }
}

/// A name as one piece of a path.
pub(crate) fn in_path(name: &str) -> String {
    utf8_percent_encode(name, IN_PATH).to_string()
}

#[cfg(test)]
mod tests {
    use super::{Call, in_path};

    #[test]
    fn a_name_is_one_piece_of_a_path_whatever_is_in_it() {
        for (name, expected) in [
            ("plain-1_a.b~c", "plain-1_a.b~c"),
            ("a/b c", "a%2Fb%20c"),
            ("100%", "100%25"),
            ("é?#", "%C3%A9%3F%23"),
        ] {
            assert_eq!(in_path(name), expected);
        }
    }

    #[test]
    fn a_query_is_encoded_and_absent_when_empty() {
        let asked = Call::get("/a/").query([("token", "a b&c"), ("step", "1")]);
        assert_eq!(asked.path, "/a/?token=a+b%26c&step=1");
        assert_eq!(Call::get("/a/").query::<&str, &str>([]).path, "/a/");
    }
}
