//! A provider that answers at once: the same text for everyone, whole or in
//! fifty pieces, with usage, as OpenAI does or, where it is asked so, as
//! Anthropic does. A model called `paced` leaves five milliseconds between
//! pieces, as a fast real one does; one called `long` is ten seconds about a
//! hundred; one called `endless` sends fifty thousand.

mod anthropic;

use std::convert::Infallible;
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use clap::Parser;
use futures_util::{StreamExt, stream};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time;

const USAGE: &str = r#"{"prompt_tokens":230,"completion_tokens":50,"total_tokens":280}"#;

/// How a stream comes.
#[derive(Clone, Copy, Debug)]
struct Manner {
    pieces: usize,
    /// Between them.
    pause: Option<Duration>,
}

impl Manner {
    fn of(model: &str) -> Self {
        let (pieces, pause) = match model {
            "paced" => (50, Some(Duration::from_millis(5))),
            "long" => (100, Some(Duration::from_millis(100))),
            "endless" => (50_000, None),
            _ => (50, None),
        };
        Self { pieces, pause }
    }

    /// A token a piece.
    fn usage(self) -> String {
        let (input, output) = (230, self.pieces);
        let total = input + output;
        format!(
            r#"{{"prompt_tokens":{input},"completion_tokens":{output},"total_tokens":{total}}}"#
        )
    }
}

#[derive(Debug, Parser)]
struct Options {
    #[arg(long)]
    port: u16,
}

/// What of a request decides the answer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    model: String,
    stream: bool,
}

type Answer = Response<BoxBody<Bytes, Infallible>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", Options::parse().port)).await?;
    let mut connections = JoinSet::new();
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let serving =
            http1::Builder::new().serve_connection(TokioIo::new(socket), service_fn(answer));
        // A connection that breaks is its caller's to report.
        connections.spawn(async move { drop(serving.await) });
        while connections.try_join_next().is_some() {}
    }
}

async fn answer(request: Request<Incoming>) -> Result<Answer, hyper::Error> {
    let speaks_anthropic = request.uri().path().ends_with("/messages");
    let body = request.into_body().collect().await?.to_bytes();
    // Whatever is no chat request, a readiness check say, gets the whole text.
    let asked: Asked = serde_json::from_slice(&body).unwrap_or_default();
    let model = asked.model.rsplit('/').next().unwrap_or_default();
    let manner = Manner::of(model);
    Ok(match (speaks_anthropic, asked.stream) {
        (false, false) => whole(),
        (false, true) => in_pieces(manner),
        (true, false) => respond("application/json", Full::from(anthropic::whole()).boxed()),
        (true, true) => streamed(anthropic::events(manner.pieces), manner),
    })
}

fn whole() -> Answer {
    let text = "a word ".repeat(50);
    let body = format!(
        r#"{{"id":"chatcmpl-bench","object":"chat.completion","created":1767225600,"model":"small","choices":[{{"index":0,"message":{{"role":"assistant","content":"{text}","refusal":null,"annotations":[]}},"logprobs":null,"finish_reason":"stop"}}],"usage":{USAGE},"service_tier":"default","system_fingerprint":"fp_bench"}}"#
    );
    respond("application/json", Full::from(body).boxed())
}

fn in_pieces(manner: Manner) -> Answer {
    let piece = event(
        r#"[{"index":0,"delta":{"content":"a word "},"finish_reason":null}]"#,
        "null",
    );
    let stop = event(r#"[{"index":0,"delta":{},"finish_reason":"stop"}]"#, "null");
    let end = [
        stop,
        event("[]", &manner.usage()),
        Bytes::from_static(b"data: [DONE]\n\n"),
    ];
    streamed(std::iter::repeat_n(piece, manner.pieces).chain(end), manner)
}

fn streamed(events: impl Iterator<Item = Bytes> + Send + Sync + 'static, manner: Manner) -> Answer {
    let frames = stream::iter(events).then(move |event| async move {
        if let Some(pause) = manner.pause {
            time::sleep(pause).await;
        }
        Ok(Frame::data(event))
    });
    respond(
        "text/event-stream",
        BodyExt::boxed(StreamBody::new(Box::pin(frames))),
    )
}

fn event(choices: &str, usage: &str) -> Bytes {
    let chunk = format!(
        r#"{{"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1767225600,"model":"small","choices":{choices},"usage":{usage}}}"#
    );
    format!("data: {chunk}\n\n").into()
}

fn respond(kind: &'static str, body: BoxBody<Bytes, Infallible>) -> Answer {
    let mut response = Response::new(body);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind));
    response
}
