//! Sends a paid call to its provider.

use std::error::Error as _;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper_util::client::legacy;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::gateway::call::fund::Funded;
use crate::gateway::config::Dialect;
use crate::gateway::endpoint::asked::Wire;
use crate::gateway::endpoint::splice::Pieces;
use crate::gateway::state::Gateway;
use crate::gateway::upstream::client::RequestBody;
use crate::gateway::upstream::demo;
use crate::gateway::upstream::provider::Reached;
use crate::gateway::upstream::simulated::{self, Manner};
use crate::traces;

/// The name OpenAI's documentation gives to the caller's own id of a call;
/// with it a provider's log and ours can be laid side by side.
const CALLERS_ID: HeaderName = HeaderName::from_static("x-client-request-id");
const ANYTHING: HeaderValue = HeaderValue::from_static("*/*");
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");
pub(super) const IDENTITY: HeaderValue = HeaderValue::from_static("identity");
pub(super) const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("keypurse/", env!("CARGO_PKG_VERSION")));

/// What a provider answered, its body still on the way.
#[derive(Debug)]
pub(in crate::gateway) struct Reply {
    pub(in crate::gateway) status: StatusCode,
    pub(in crate::gateway) headers: HeaderMap,
    pub(in crate::gateway) body: ReplyBody,
}

/// An answer's body.
#[derive(Debug)]
pub(in crate::gateway) enum ReplyBody {
    Http(Incoming),
    InProcess {
        pieces: std::vec::IntoIter<Bytes>,
        pause: Duration,
    },
}

/// Why a provider gave no answer.
#[derive(Debug)]
pub(in crate::gateway) struct UpstreamFailure {
    pub(in crate::gateway) provider: Arc<str>,
    pub(in crate::gateway) fault: UpstreamFault,
}

/// What went wrong on the way to a provider or back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum UpstreamFault {
    /// No connection.
    Unreachable,
    /// It did not take our credential, or redirected us.
    Refused(StatusCode),
    /// The answer ended before it was complete.
    Broken,
    /// The answer is not one.
    Nonsense,
    /// The answer is larger than we keep.
    TooLarge,
    /// It took too long.
    Timeout,
}

/// Sends the call with this body and waits for the head of the answer until `by`. It leaves
/// once at most: only a connection that turned out closed before anything was
/// written is replaced.
pub(in crate::gateway) async fn dispatch(
    gateway: &Gateway,
    funded: &Funded,
    body: Pieces,
    revoked: Option<&CancellationToken>,
    by: Instant,
) -> Result<Reply, UpstreamFault> {
    let route = &funded.route;
    let asked = &funded.asked;
    let upstream = match &route.provider.reached {
        Reached::Http(upstream) => upstream,
        Reached::InProcess => {
            let body = body.joined();
            return Box::pin(simulated::answer(gateway, funded, &body, demo::MANNER)).await;
        }
        Reached::Simulated(_) => {
            let manner = Manner::rehearsing(funded.scenario);
            let body = body.joined();
            let answer = Box::pin(simulated::answer(gateway, funded, &body, manner));
            return timeout_at(by, answer)
                .await
                .map_err(|_| UpstreamFault::Timeout)?;
        }
    };
    let url = upstream.url(asked.endpoint, &route.model, asked.streamed);
    let mut request = Request::new(RequestBody::new(body, revoked.cloned()));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = url.ok_or(UpstreamFault::Unreachable)?;
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, asked.content_type.clone().unwrap_or(JSON));
    headers.insert(ACCEPT_ENCODING, IDENTITY);
    headers.insert(USER_AGENT, AGENT);
    let id = HeaderValue::try_from(funded.call.to_string());
    headers.insert(CALLERS_ID, id.expect("an id is letters and digits"));
    if asked.streamed {
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
    } else if asked.asked_media().is_some() {
        headers.insert(ACCEPT, ANYTHING);
    } else {
        headers.insert(ACCEPT, JSON);
    }
    for (name, value) in &upstream.headers {
        headers.insert(name.clone(), value.clone());
    }
    if let (Wire::Messages(messages), Dialect::Anthropic) = (&asked.wire, upstream.api.dialect) {
        headers.extend(messages.betas(route));
    }
    if funded.state().settings.shares_traces {
        traces::name_to(headers);
    }
    let reply = timeout_at(by, gateway.client.request(request)).await;
    begun(&route.provider.name, reply)
}

type Sent = Result<Response<Incoming>, legacy::Error>;

/// The head of an answer, or why there is none.
pub(super) fn begun(provider: &str, sent: Result<Sent, Elapsed>) -> Result<Reply, UpstreamFault> {
    let response = sent
        .map_err(|_| UpstreamFault::Timeout)?
        .map_err(|error| explain(provider, &error))?;
    let (head, body) = response.into_parts();
    Ok(Reply {
        status: head.status,
        headers: head.headers,
        body: ReplyBody::Http(body),
    })
}

fn explain(provider: &str, error: &legacy::Error) -> UpstreamFault {
    let mut chain = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(chain, ": {error}");
        cause = error.source();
    }
    warn!(
        provider,
        error = chain,
        "a call to provider `{provider}` failed"
    );
    if error.is_connect() {
        UpstreamFault::Unreachable
    } else {
        UpstreamFault::Broken
    }
}

impl ReplyBody {
    /// The next bytes; `None` at the end.
    ///
    /// Cancel safe: a piece is either returned or still to come.
    pub(in crate::gateway) async fn next(&mut self) -> Option<Result<Bytes, UpstreamFault>> {
        match self {
            Self::InProcess { pieces, pause } => {
                if pieces.len() > 1 && !pause.is_zero() {
                    tokio::time::sleep(*pause).await;
                }
                pieces.next().map(Ok)
            }
            Self::Http(body) => loop {
                match body.frame().await? {
                    Err(_) => return Some(Err(UpstreamFault::Broken)),
                    Ok(frame) => match frame.into_data() {
                        Ok(data) if !data.is_empty() => return Some(Ok(data)),
                        Ok(_) | Err(_) => {}
                    },
                }
            },
        }
    }

    /// The whole body, at most `limit` bytes. The first piece may take as long
    /// as `first`, each other one as long as `idle`.
    pub(in crate::gateway) async fn collect(
        &mut self,
        limit: usize,
        first: Duration,
        idle: Duration,
    ) -> Result<Bytes, UpstreamFault> {
        let Some(mut whole) = timed(first, self).await? else {
            return Ok(Bytes::new());
        };
        let mut joined: Option<bytes::BytesMut> = None;
        while let Some(piece) = timed(idle, self).await? {
            let buffer = joined.get_or_insert_with(|| std::mem::take(&mut whole).into());
            if buffer.len() + piece.len() > limit {
                return Err(UpstreamFault::TooLarge);
            }
            buffer.extend_from_slice(&piece);
        }
        Ok(joined.map_or(whole, bytes::BytesMut::freeze))
    }
}

async fn timed(limit: Duration, body: &mut ReplyBody) -> Result<Option<Bytes>, UpstreamFault> {
    match tokio::time::timeout(limit, body.next()).await {
        Err(_) => Err(UpstreamFault::Timeout),
        Ok(piece) => piece.transpose(),
    }
}

/// Headers of an answer that mean something to a client; the others are about
/// the provider's connection with us, or say whose account it is.
pub(in crate::gateway) fn forwarded(headers: &HeaderMap) -> HeaderMap {
    let passes = |name: &HeaderName| {
        let name = name.as_str();
        matches!(name, "content-type" | "retry-after" | "retry-after-ms")
            || matches!(
                name,
                "openai-model" | "openai-processing-ms" | "openai-version"
            )
            || name.starts_with("anthropic-ratelimit-")
            || name.starts_with("x-ratelimit-")
    };
    let passing = headers.iter().filter(|(name, _)| passes(name));
    passing
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
