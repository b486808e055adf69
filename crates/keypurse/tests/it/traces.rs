//! Traces, in builds with the feature `otel`, to a receiver of the test's own.
#![cfg(feature = "otel")]

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use bytes::Bytes;
use serde_json::json;
use tokio::net::TcpListener;

use crate::client::Client;
use crate::process::{ACCOUNT_KEY, Setup};
use crate::provider::{PROVIDER_KEY, Provider};

const TOKENS: &str = "/v2/user/custom_token/";

/// What was exported, as it came.
type Received = Arc<Mutex<Vec<u8>>>;

async fn receiver() -> (String, Received) {
    let received = Received::default();
    let take = |State(received): State<Received>, body: Bytes| async move {
        received.lock().unwrap().extend_from_slice(&body);
    };
    let routes = Router::new()
        .route("/v1/traces", post(take))
        .with_state(Arc::clone(&received));
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(socket, routes).await });
    (format!("http://{address}"), received)
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn traces_tell_a_calls_steps_and_no_prompt_or_secret() {
    let folder = tempfile::tempdir().unwrap();
    let (endpoint, received) = receiver().await;
    let provider = Provider::start().await;
    let mut setup = Setup::new(folder.path())
        .config(&provider.config())
        .argument("--share-traces");
    let variable = format!("OTEL_EXPORTER_OTLP_ENDPOINT={endpoint}");
    setup.under = vec!["/usr/bin/env".to_owned(), variable];
    let mut process = setup.start().await;
    let client = Client::new(&setup.address);
    let body = json!({"name": "t", "balance": "1", "active_balance": true});
    let made = client.post(TOKENS, ACCOUNT_KEY, &body).await.unwrap();
    let secret = made.json()["token"].as_str().unwrap().to_owned();
    let prompt = "prompt-canary-31415926";
    let hello = json!({"model": "canary/model", "messages": [{"role": "user", "content": prompt}]});
    let path = "/v1/chat/completions";
    let answer = client.post(path, &secret, &hello).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(process.terminate().success(), "{}", process.log());
    let exported = received.lock().unwrap().clone();
    for text in [
        "chat/completions",
        "hold",
        "dispatch",
        "settle",
        "gen_ai.usage.input_tokens",
        "keypurse.cost_dollars",
        "canary",
        "keypurse",
        "req_",
    ] {
        assert!(
            contains(&exported, text.as_bytes()),
            "{text} is not exported"
        );
    }
    for canary in [ACCOUNT_KEY, &secret, PROVIDER_KEY, prompt] {
        assert!(
            !contains(&exported, canary.as_bytes()),
            "{canary} is exported"
        );
    }
}
