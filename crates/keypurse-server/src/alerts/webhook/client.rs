//! Posts to receivers: no redirects, no proxies, a new connection each time,
//! only to addresses that may be reached, and nothing of the answer is read
//! but its head.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioExecutor;
use jiff::fmt::rfc2822;
use keypurse_core::time::Timestamp;
use thiserror::Error;
use tokio::time::Instant;

use super::message::Message;
use super::reach::Reach;
use super::sealed::Webhook;
use super::signature::{SIGNATURE, signature};
use crate::http::client_tls;

/// Names the event; the same on every try.
const EVENT: HeaderName = HeaderName::from_static("x-keypurse-event");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("keypurse/", env!("CARGO_PKG_VERSION")));
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Until the head of the answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest head of an answer, in bytes.
const LONGEST_HEAD: usize = 16 * 1024;
/// Characters of an error that are kept.
const LONGEST_ERROR: usize = 200;

/// Reaches receivers.
#[derive(Clone)]
pub struct Webhooks {
    client: Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>,
    reach: Reach,
}

/// How a receiver answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The status. `None`: there was no answer.
    pub status: Option<u16>,
    /// Why there was none. No address is in it, and nothing the receiver said.
    pub error: Option<String>,
    /// How long the receiver wants to be left alone, in seconds.
    pub retry_after_seconds: Option<u32>,
    /// How long it took.
    pub took_ms: u32,
}

impl Sent {
    /// Whether the receiver took it.
    pub fn is_taken(&self) -> bool {
        self.status
            .is_some_and(|status| (200..300).contains(&status))
    }
}

impl Webhooks {
    /// A client that reaches what may be reached.
    pub fn new(reach: Reach) -> Result<Self, rustls::Error> {
        let resolver = Resolver {
            reach: reach.clone(),
        };
        let mut connector = HttpConnector::new_with_resolver(resolver);
        connector.set_nodelay(true);
        connector.enforce_http(false);
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(client_tls::config()?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .http1_max_buf_size(LONGEST_HEAD)
            .build(connector);
        Ok(Self { client, reach })
    }

    /// Which addresses may be reached.
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Posts a message to a receiver, once. `now` is signed with it.
    pub async fn post(&self, webhook: &Webhook, message: &Message, now: Timestamp) -> Sent {
        let began = Instant::now();
        let outcome = self.try_post(webhook, message, now).await;
        let took_ms = u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX);
        match outcome {
            Ok((status, retry_after_seconds)) => Sent {
                status: Some(status),
                error: None,
                retry_after_seconds,
                took_ms,
            },
            Err(error) => Sent {
                status: None,
                error: Some(error),
                retry_after_seconds: None,
                took_ms,
            },
        }
    }

    async fn try_post(
        &self,
        webhook: &Webhook,
        message: &Message,
        now: Timestamp,
    ) -> Result<(u16, Option<u32>), String> {
        // The connector asks no resolver for these, and what may be reached may
        // have changed since the address was given.
        let literal = webhook.url.literal();
        if literal.is_some_and(|address| !self.reach.permits(address)) {
            return Err(PrivateAddress.to_string());
        }
        let body = message.body(webhook.format);
        let mut request = Request::new(Full::new(body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = webhook.url.uri().clone();
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, JSON);
        headers.insert(USER_AGENT, AGENT);
        let id = HeaderValue::try_from(message.id()).expect("an id is letters and digits");
        headers.insert(EVENT, id);
        if let Some(secret) = &webhook.secret {
            headers.insert(SIGNATURE, signature(secret, now, &body));
        }
        let sent = tokio::time::timeout(TIMEOUT, self.client.request(request)).await;
        match sent {
            Err(_) => Err(format!("no answer within {} seconds", TIMEOUT.as_secs())),
            Ok(Err(error)) => Err(explain(&error)),
            Ok(Ok(answer)) => Ok((answer.status().as_u16(), retry_after(answer.headers(), now))),
        }
    }
}

impl fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Webhooks({:?})", self.reach)
    }
}

/// The innermost cause: those around it say only that there was one.
fn explain(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let text: String = cause.to_string().chars().take(LONGEST_ERROR).collect();
    text.replace(char::is_control, " ")
}

/// Seconds, or a date (RFC 9110, 10.2.3).
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<u32> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    let date = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    u32::try_from(date.as_second() - now.seconds()).ok()
}

/// A name that leads to addresses nobody may dial here.
#[derive(Clone, Copy, Debug, Error)]
#[error("the address is private; `allow_private_webhooks` says which may be called")]
struct PrivateAddress;

/// Resolves names, and keeps back addresses that may not be dialled. The
/// connector dials what it is given and resolves nothing anew.
#[derive(Clone)]
struct Resolver {
    reach: Reach,
}

type Resolved = Result<std::vec::IntoIter<SocketAddr>, Box<dyn Error + Send + Sync>>;

impl tower::Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Resolved> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let reach = self.reach.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let permitted: Vec<SocketAddr> =
                found.filter(|found| reach.permits(found.ip())).collect();
            if permitted.is_empty() {
                return Err(PrivateAddress.into());
            }
            Ok(permitted.into_iter())
        })
    }
}

#[cfg(test)]
mod tests {
    use http::header::RETRY_AFTER;
    use http::{HeaderMap, HeaderValue};
    use keypurse_core::time::Timestamp;

    use super::retry_after;

    #[test]
    fn a_receiver_says_in_seconds_or_by_a_date_when_to_come_back() {
        let now = Timestamp::parse("2026-11-22T06:59:00Z").unwrap();
        for (value, expected) in [
            ("120", Some(120)),
            ("0", Some(0)),
            ("Sun, 22 Nov 2026 07:00:00 GMT", Some(60)),
            ("Sun, 22 Nov 2026 06:00:00 GMT", None),
            ("soon", None),
            ("-1", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_static(value));
            assert_eq!(retry_after(&headers, now), expected, "{value}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
