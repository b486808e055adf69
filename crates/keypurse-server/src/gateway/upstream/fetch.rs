//! A call up to the first byte of its answer: until then it costs nothing.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use keypurse_providers::refusal::{Trouble, retry_after_seconds, trouble};
use keypurse_store::failpoint;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::gateway::call::fund::Funded;
use crate::gateway::endpoint::splice::Pieces;
use crate::gateway::endpoint::stream::{StreamEnd, StreamWire};
use crate::gateway::error::{GatewayError, PassedOn};
use crate::gateway::relay::meter::Heard;
use crate::gateway::relay::sound::BegunSound;
use crate::gateway::relay::source::{Batch, StreamSource};
use crate::gateway::state::Gateway;
use crate::gateway::upstream::dispatch::{
    Reply, ReplyBody, UpstreamFailure, UpstreamFault, dispatch, forwarded,
};
use crate::gateway::upstream::provider::{Provider, Reached};
use crate::http::authenticate::AuthError;

/// Larger answers are not chat.
pub(super) const LARGEST_ANSWER: usize = 64 * 1024 * 1024;
const LARGEST_ERROR: usize = 1024 * 1024;

/// The beginning of an answer that can be delivered.
#[derive(Debug)]
pub(in crate::gateway) enum Fetched {
    /// All of it.
    Whole { headers: HeaderMap, body: Bytes },
    /// The first piece of a sound that is paid for whatever becomes of it.
    Sound(Box<BegunSound>),
    /// The first events of a stream.
    Begun(Box<BegunStream>),
}

/// A stream of which something can be delivered.
#[derive(Debug)]
pub(in crate::gateway) struct BegunStream {
    pub(in crate::gateway) headers: HeaderMap,
    pub(in crate::gateway) body: ReplyBody,
    pub(in crate::gateway) source: StreamSource,
    pub(in crate::gateway) first: Batch,
}

/// Sends the call and waits for something to deliver. An error here means that
/// nothing was.
pub(in crate::gateway) async fn fetch(
    gateway: &Gateway,
    funded: &Funded,
    revoked: Option<&CancellationToken>,
) -> Result<Fetched, GatewayError> {
    let provider = &funded.route.provider;
    let limits = &provider.timeouts;
    let failed = |fault: UpstreamFault| {
        if fault != UpstreamFault::Timeout && revoked.is_some_and(CancellationToken::is_cancelled) {
            return GatewayError::Unauthenticated(AuthError::Retired);
        }
        GatewayError::Upstream(UpstreamFailure {
            provider: provider.name.clone(),
            fault,
        })
    };
    let body = sent(funded)?;
    let by = Instant::now() + limits.first_byte;
    let sent = dispatch(gateway, funded, body, revoked, by);
    let mut reply = sent.await.map_err(failed)?;
    failpoint::reach("call.dispatched");
    let headers = forwarded(&reply.headers);
    if !reply.status.is_success() {
        let refused = Box::pin(refusal(provider, reply)).await.map_err(failed)?;
        let refused = funded.translated_error(refused);
        return Err(GatewayError::PassedOn(Box::new(refused)));
    }
    let stream = funded.stream().filter(|_| !is_json(&headers));
    if let Some(wire) = stream {
        let begin = Box::pin(begin_stream(funded, wire, reply.body, headers));
        let begun = timeout_at(by, begin).await;
        return begun
            .map_err(|_| UpstreamFault::Timeout)
            .flatten()
            .map_err(failed);
    }
    if let Some(used) = funded.known_sound(&headers) {
        let first = timeout_at(by, reply.body.next()).await;
        let first = first.map_err(|_| failed(UpstreamFault::Timeout))?;
        let first = first
            .unwrap_or(Err(UpstreamFault::Nonsense))
            .map_err(failed)?;
        return Ok(Fetched::Sound(Box::new(BegunSound {
            headers,
            first,
            body: reply.body,
            used,
        })));
    }
    let collect = reply
        .body
        .collect(LARGEST_ANSWER, by - Instant::now(), limits.idle);
    let body = timeout(limits.total, collect).await;
    let body = body
        .map_err(|_| UpstreamFault::Timeout)
        .flatten()
        .map_err(failed)?;
    Ok(Fetched::Whole { headers, body })
}

fn sent(funded: &Funded) -> Result<Pieces, GatewayError> {
    let Funded { bound, limit, .. } = funded;
    match &bound.translated {
        Some(body) if *limit == bound.limit => Ok(body.clone().into()),
        Some(_) | None => funded.asked.sent(&funded.route, *limit),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(CONTENT_TYPE)
        .map_or(&b""[..], |value| value.as_bytes());
    content_type.starts_with(b"application/json")
}

async fn begin_stream(
    funded: &Funded,
    wire: StreamWire,
    mut body: ReplyBody,
    headers: HeaderMap,
) -> Result<Fetched, UpstreamFault> {
    // Not only a vocabulary that is there: it may come while the stream runs.
    let tokenizer = funded.route.tokenizer;
    let heard = Heard::new(funded.output_limit(), funded.bound.choices, tokenizer);
    let mut source = StreamSource::new(wire, heard, funded.translated_stream());
    loop {
        let first = source.read(body.next().await);
        match first.end {
            Some(StreamEnd::Fault(fault)) if first.bytes.is_empty() => return Err(fault),
            Some(StreamEnd::Refused(_)) if first.bytes.is_empty() => {
                return Err(UpstreamFault::Broken);
            }
            None if first.bytes.is_empty() => {}
            Some(_) | None => {
                return Ok(Fetched::Begun(Box::new(BegunStream {
                    headers,
                    body,
                    source,
                    first,
                })));
            }
        }
    }
}

/// What a provider's refusal means for the client: it is passed on when it
/// concerns the client's request, and is a fault (502) when it concerns us.
pub(super) async fn refusal(
    provider: &Provider,
    mut reply: Reply,
) -> Result<PassedOn, UpstreamFault> {
    let status = reply.status;
    let passes = matches!(
        status.as_u16(),
        400 | 404 | 409 | 413 | 422 | 429 | 500..=599
    );
    if !passes {
        tell_operator(provider, status, None);
        return Err(UpstreamFault::Refused(status));
    }
    let limits = &provider.timeouts;
    let body = reply
        .body
        .collect(LARGEST_ERROR, limits.idle, limits.idle)
        .await?;
    if shows_key(&provider.reached, &body) {
        return Err(UpstreamFault::Refused(status));
    }
    if status == StatusCode::BAD_REQUEST
        && let Some(trouble) = trouble(&body)
    {
        tell_operator(provider, status, Some(trouble));
        return Err(UpstreamFault::Refused(status));
    }
    let mut headers = forwarded(&reply.headers);
    let is_told = headers.contains_key(RETRY_AFTER) || headers.contains_key("retry-after-ms");
    if let (false, Some(seconds)) = (is_told, retry_after_seconds(&body)) {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(PassedOn {
        status,
        headers,
        body,
    })
}

fn tell_operator(provider: &Provider, status: StatusCode, trouble: Option<Trouble>) {
    let name = &*provider.name;
    let trouble = trouble.or(match status.as_u16() {
        401 | 403 => Some(Trouble::Key),
        402 => Some(Trouble::Credit),
        _ => None,
    });
    let message = match trouble {
        Some(Trouble::Key) => {
            format!("provider `{name}` does not accept our API key ({status}); check it")
        }
        Some(Trouble::Credit) => {
            format!("provider `{name}` wants to be paid ({status}); top up there")
        }
        None => format!("provider `{name}` answered {status}; check its base_url"),
    };
    error!(provider = name, status = status.as_u16(), "{message}");
}

/// What is shorter is no secret but a placeholder, such as `ollama`, which texts
/// may have in them.
const SHORTEST_SECRET: usize = 12;

/// Some providers quote the key they were sent.
pub(in crate::gateway) fn shows_key(reached: &Reached, text: &[u8]) -> bool {
    let key = match reached {
        Reached::Http(upstream) => upstream.key.as_ref(),
        Reached::InProcess | Reached::Simulated(_) => None,
    };
    let secret = key.filter(|key| key.expose().len() >= SHORTEST_SECRET);
    secret.is_some_and(|key| memchr::memmem::find(text, key.expose().as_bytes()).is_some())
}
