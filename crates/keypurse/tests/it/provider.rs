//! A provider that remembers every call it was paid for.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use serde_json::{Value, json};

/// The pause between two pieces of an answer: long enough for calls to be in
/// flight when a test kills the gateway.
const PACE: Duration = Duration::from_millis(2);
/// Pieces of a streamed answer, one output token each.
pub(crate) const PIECES: u64 = 20;
pub(crate) const INPUT_TOKENS: u64 = 7;
/// What its credential at this provider is.
pub(crate) const PROVIDER_KEY: &str = "sk-provider-canary-31415926";

/// A running provider and its log.
#[derive(Clone, Debug)]
pub(crate) struct Provider {
    pub(crate) address: SocketAddr,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let provider = Self {
            address,
            calls: Arc::default(),
        };
        let router = Router::new()
            .route("/v1/chat/completions", post(chat))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    /// Configuration that makes it `canary/model`: $1 per million input
    /// tokens, $10 per million output tokens.
    pub(crate) fn config(&self) -> String {
        config_of(&format!("http://{}/v1", self.address))
    }

    /// Request ids of the calls that reached it.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }
}

/// Configuration that makes whoever answers there `canary/model`.
pub(crate) fn config_of(base_url: &str) -> String {
    format!(
        "[providers.canary]\nkind = \"openai\"\nbase_url = \"{base_url}\"\n\
         api_key = \"{PROVIDER_KEY}\"\n\n[[prices]]\nmodel = \"canary/model\"\n\
         input_per_million = \"1\"\noutput_per_million = \"10\"\nmax_output_tokens = 100\n"
    )
}

async fn chat(State(provider): State<Provider>, headers: HeaderMap, body: Bytes) -> Response {
    let id = headers
        .get("x-client-request-id")
        .map(|id| id.to_str().unwrap().to_owned());
    provider.calls.lock().unwrap().push(id.unwrap_or_default());
    let body: Value = serde_json::from_slice(&body).unwrap();
    if body["stream"] == true {
        streamed().into_response()
    } else {
        whole().await.into_response()
    }
}

fn usage() -> Value {
    json!({
        "prompt_tokens": INPUT_TOKENS,
        "completion_tokens": PIECES,
        "total_tokens": INPUT_TOKENS + PIECES,
    })
}

async fn whole() -> axum::Json<Value> {
    tokio::time::sleep(PACE * 5).await;
    axum::Json(json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "model",
        "choices": [{
            "index": 0, "finish_reason": "stop",
            "message": {"role": "assistant", "content": "x".repeat(usize::try_from(PIECES).unwrap())},
        }],
        "usage": usage(),
    }))
}

fn streamed() -> Response {
    let chunk = |choices: Value, usage: Value| {
        let chunk = json!({
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1,
            "model": "model", "choices": choices, "usage": usage,
        });
        Bytes::from(format!("data: {chunk}\n\n"))
    };
    let mut events: Vec<Bytes> = (0..PIECES)
        .map(|_| {
            let delta = json!([{"index": 0, "delta": {"content": "x"}, "finish_reason": null}]);
            chunk(delta, Value::Null)
        })
        .collect();
    let stop = json!([{"index": 0, "delta": {}, "finish_reason": "stop"}]);
    events.push(chunk(stop, Value::Null));
    events.push(chunk(json!([]), usage()));
    events.push(Bytes::from_static(b"data: [DONE]\n\n"));
    let paced = futures_util::stream::unfold(events.into_iter(), |mut events| async move {
        let event = events.next()?;
        tokio::time::sleep(PACE).await;
        Some((Ok::<_, Infallible>(event), events))
    });
    Response::builder()
        .header("content-type", "text/event-stream")
        .body(Body::from_stream(paced))
        .unwrap()
}
