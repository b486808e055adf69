//! An upstream that is simulated inside this process: a call takes the same
//! hold, relay and settlement as one that leaves it.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use keypurse_providers::simulator::{self, Content, Failure, ProviderFailure, Scenario, Stream};

use crate::gateway::call::fund::Funded;
use crate::gateway::endpoint::kind::Endpoint;
use crate::gateway::error_body::Shape;
use crate::gateway::relay::cost::DONE;
use crate::gateway::sandbox::{Received, Stamped, headers_of, simulate};
use crate::gateway::state::Gateway;
use crate::gateway::upstream::dispatch::{Reply, ReplyBody, UpstreamFault};
use crate::http::envelope::Envelope;

const JSON: &str = "application/json";

/// How a simulated provider behaves.
#[derive(Clone, Copy, Debug)]
pub(in crate::gateway) struct Manner {
    /// What it does wrong.
    pub(in crate::gateway) scenario: Option<Scenario>,
    /// Between two events of a stream.
    pub(in crate::gateway) between: Duration,
}

impl Manner {
    /// That of a rehearsal.
    pub(in crate::gateway) fn rehearsing(scenario: Option<Scenario>) -> Self {
        let pace = scenario.map(Scenario::pace).unwrap_or_default();
        Self {
            scenario,
            between: pace.between,
        }
    }
}

/// Answers a call as an upstream would, or as it would fail.
pub(in crate::gateway) async fn answer(
    gateway: &Gateway,
    funded: &Funded,
    body: &Bytes,
    manner: Manner,
) -> Result<Reply, UpstreamFault> {
    let stamped = Stamped {
        call: funded.call,
        at: funded.started_at,
    };
    let received = Received {
        endpoint: match funded.asked.endpoint {
            // The demo has chats alone: whatever is asked comes as one.
            _ if !funded.route.provider.reached.is_simulated() => Endpoint::Chat,
            endpoint => endpoint,
        },
        body,
        content_type: funded.asked.content_type.as_ref(),
    };
    let content = match simulate(gateway, received, &funded.route, stamped, manner.scenario) {
        Ok(reply) => reply.content,
        Err(Failure::Provider(failure)) => return Ok(refused(failure)),
        Err(Failure::Invalid(invalid)) => {
            return Ok(invalid_request(invalid, received.endpoint.envelope()));
        }
        // They are about a purse or a token and no provider's; whoever asks for
        // them is answered before the call is paid for.
        Err(Failure::InsufficientBalance | Failure::Expired) => {
            return Err(UpstreamFault::Nonsense);
        }
        Err(Failure::Timeout) => std::future::pending().await,
    };
    let is_stored = funded.asked.can_be_stored(&funded.route);
    if let Some(token) = funded.token().filter(|_| is_stored) {
        gateway
            .stored_responses
            .keep(token, &content, manner.scenario);
    }
    let start = manner.scenario.map(|scenario| scenario.pace().start);
    if let Some(start) = start.filter(|start| !start.is_zero()) {
        tokio::time::sleep(start).await;
    }
    let (media_type, mut whole) = match content {
        Content::Json(json) => (JSON, json),
        Content::File { media_type, bytes } => (media_type, bytes),
        Content::Stream(stream) => {
            let pieces = pieces(&stream);
            return Ok(reply(
                StatusCode::OK,
                "text/event-stream",
                pieces,
                manner.between,
            ));
        }
    };
    if let Some(scenario) = manner.scenario {
        scenario.spoil(&mut whole);
    }
    Ok(reply(
        StatusCode::OK,
        media_type,
        vec![whole.into()],
        Duration::ZERO,
    ))
}

fn pieces(stream: &Stream) -> Vec<Bytes> {
    let events = stream.events.iter().map(|event| event.to_sse().into());
    let done = stream
        .ends_with_done
        .then_some(Bytes::from_static(DONE.as_bytes()));
    events.chain(done).collect()
}

fn refused(failure: ProviderFailure) -> Reply {
    let status = StatusCode::from_u16(failure.status).expect("a known status");
    let headers = headers_of(&failure);
    let body = failure.body.into();
    Reply {
        headers,
        ..reply(status, JSON, vec![body], Duration::ZERO)
    }
}

fn invalid_request(invalid: simulator::InvalidRequest, envelope: Envelope) -> Reply {
    let status = StatusCode::BAD_REQUEST.as_u16();
    let shape = Shape::new(status, "invalid_request", invalid.message);
    let shape = shape.about(Some(Cow::Owned(invalid.param)));
    let body = shape.to_json(envelope).to_string().into();
    reply(StatusCode::BAD_REQUEST, JSON, vec![body], Duration::ZERO)
}

fn reply(
    status: StatusCode,
    media_type: &'static str,
    pieces: Vec<Bytes>,
    pause: Duration,
) -> Reply {
    let media_type = HeaderValue::from_static(media_type);
    Reply {
        status,
        headers: HeaderMap::from_iter([(CONTENT_TYPE, media_type)]),
        body: ReplyBody::InProcess {
            pieces: pieces.into_iter(),
            pause,
        },
    }
}
