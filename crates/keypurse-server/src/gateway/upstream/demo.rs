//! A priced provider inside this process: a newcomer can watch a balance fall
//! without an account anywhere. It answers by the simulator, honestly, through
//! the same hold, relay and settlement as any other provider.

use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use keypurse_core::money::Money;
use keypurse_core::price::{ImagePrices, Price, Rate, Rates};
use keypurse_providers::simulator::{self, ChatRequest, Stamp};
use serde_json::{Value, json};

use crate::gateway::call::fund::Funded;
use crate::gateway::config::ModelPrice;
use crate::gateway::relay::cost::{DONE, to_event};
use crate::gateway::sandbox::to_text;
use crate::gateway::upstream::dispatch::{Reply, ReplyBody};

const MODEL: &str = "echo";
/// Between two chunks, so that a stream is seen to stream.
const PAUSE: Duration = Duration::from_millis(20);

/// The demo's one model. Ten dollars a million in and forty out: an answer
/// costs about a fifth of a cent, so a cent is gone after a handful.
pub(in crate::gateway) fn model(provider: &str) -> ModelPrice {
    let rate = |dollars: i64| {
        Rate::per_million(Money::from_nanos(dollars * 1_000_000_000)).expect("not negative")
    };
    ModelPrice {
        provider: provider.to_owned(),
        model: MODEL.to_owned(),
        price: Price::flat(Rates {
            input: rate(1),
            output: rate(40),
            ..Rates::default()
        }),
        images: ImagePrices::default(),
        max_input_tokens: Some(8192),
        max_output_tokens: Some(64),
    }
}

/// Answers a call as an upstream would.
pub(in crate::gateway) fn answer(funded: &Funded, body: &Bytes) -> Reply {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let request = match ChatRequest::read(&body) {
        Ok(request) => request,
        Err(invalid) => {
            let error = json!({"message": invalid.message, "type": "invalid_request_error",
                "param": invalid.param, "code": null});
            return reply(
                StatusCode::BAD_REQUEST,
                vec![json!({ "error": error }).to_string()],
            );
        }
    };
    let stamp = Stamp {
        id: format!("chatcmpl-{}", funded.call),
        created_unix: funded.started_at.seconds(),
    };
    let completion = simulator::chat(&request, MODEL, &stamp, None);
    if !funded.asked.streamed {
        return reply(StatusCode::OK, vec![completion.to_json().to_string()]);
    }
    let chunks = completion.chunks(true);
    let mut events: Vec<String> = chunks
        .iter()
        .map(|chunk| to_event(&to_text(chunk)))
        .collect();
    events.push(DONE.to_owned());
    let mut reply = reply(StatusCode::OK, events);
    reply
        .headers
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    reply
}

fn reply(status: StatusCode, pieces: Vec<String>) -> Reply {
    let json = HeaderValue::from_static("application/json");
    let pieces: Vec<Bytes> = pieces.into_iter().map(Bytes::from).collect();
    Reply {
        status,
        headers: HeaderMap::from_iter([(CONTENT_TYPE, json)]),
        body: ReplyBody::InProcess {
            pieces: pieces.into_iter(),
            pause: PAUSE,
        },
    }
}
