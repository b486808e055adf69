//! Failures on demand, on every route.

use keypurse_testkit::TestAnswer;
use serde_json::{Value, json};

use super::{Call, sandbox};
use crate::gateway::{Shop, data};

const SPEECH: &str = "/v1/audio/speech";

/// A call of each kind: JSON, a form, whole and streamed.
fn calls() -> Vec<Call> {
    let chat = |stream: bool| {
        json!({"model": "openai/gpt-4o", "stream": stream,
            "messages": [{"role": "user", "content": "Hi there"}]})
    };
    let edit = [
        ("\"model\"", &b"openai/gpt-image-1"[..]),
        ("\"prompt\"", b"The sea"),
        ("\"size\"", b"1024x1024"),
        ("\"quality\"", b"low"),
        ("\"image\"; filename=\"a.png\"", b"\x89PNG\r\n\x1a\n"),
    ];
    let speech = json!({"model": "openai/tts-1", "input": "Hi", "voice": "alloy"});
    let embeddings = json!({"model": "text-embedding-3-small", "input": "Hi"});
    vec![
        Call::json("/v1/chat/completions", &chat(false)),
        Call::json("/v1/chat/completions", &chat(true)),
        Call::json("/v1/embeddings", &embeddings),
        Call::json("/v1/moderations", &json!({"input": "Hi"})),
        Call::json(SPEECH, &speech),
        Call::form("/v1/images/edits", &edit),
    ]
}

async fn rehearse(shop: &Shop, call: &Call, scenario: &str) -> TestAnswer {
    let asking = call.of(shop).header("x-keypurse-sandbox", scenario);
    asking.send().await
}

#[tokio::test]
async fn a_call_fails_as_asked_on_every_route() {
    let shop = sandbox().await;
    for call in calls() {
        for (scenario, status, code) in [
            ("rate_limit", 429, json!("rate_limit_exceeded")),
            ("server_error", 500, json!(null)),
            ("unavailable", 503, json!(null)),
            ("insufficient_balance", 402, json!("insufficient_balance")),
            ("expired", 401, json!("api_key_expired")),
            ("no_such_scenario", 400, json!("invalid_request")),
        ] {
            let answer = rehearse(&shop, &call, scenario).await;
            let what = format!("{scenario} at {}", call.path);
            assert_eq!(answer.status, status, "{what}: {}", answer.text);
            assert_eq!(answer.json()["error"]["code"], code, "{what}");
            let wait = if status == 429 { "1" } else { "" };
            assert_eq!(answer.header("retry-after"), wait, "{what}");
        }
    }
    shop.app.settled().await;
    assert!(shop.app.calls().is_empty(), "what failed is no call");
    assert!(shop.upstream.received().is_empty());
    assert_eq!(shop.balance().await, "0.0");
    shop.app.finish().await;
}

#[tokio::test]
async fn a_models_name_asks_for_a_failure_and_the_header_outranks_it() {
    let shop = sandbox().await;
    let of = |model: &str| {
        let body = json!({"model": model, "messages": [{"role": "user", "content": "Hi"}]});
        Call::json("/v1/chat/completions", &body)
    };
    for (model, status) in [
        ("sandbox/echo", 200),
        ("sandbox/rate_limit", 429),
        ("sandbox/server_error", 500),
        ("sandbox/unavailable", 503),
        ("sandbox/insufficient_balance", 402),
        ("sandbox/expired", 401),
        ("sandbox/no_such_scenario", 400),
        ("sandbox/", 400),
    ] {
        let answer = of(model).ask(&shop).await;
        assert_eq!(answer.status, status, "{model}: {}", answer.text);
    }
    let answer = of("sandbox/echo").ask(&shop).await;
    assert_eq!(answer.header("x-keypurse-simulated-cost"), "0.0");
    assert_eq!(
        rehearse(&shop, &of("sandbox/rate_limit"), "server_error")
            .await
            .status,
        500
    );
    assert_eq!(
        rehearse(&shop, &of("sandbox/rate_limit"), "").await.status,
        200
    );
    let embeddings = json!({"model": "sandbox/server_error", "input": "Hi"});
    let answer = Call::json("/v1/embeddings", &embeddings).ask(&shop).await;
    assert_eq!(answer.status, 500);
    shop.app.finish().await;
}

#[tokio::test]
async fn a_live_token_cannot_call_the_sandboxs_own_models() {
    let shop = Shop::open("1").await;
    let body = json!({"model": "sandbox/echo", "messages": [{"role": "user", "content": "Hi"}]});
    let answer = Call::json("/v1/chat/completions", &body).ask(&shop).await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.json()["error"]["code"], "model_not_found");
    shop.app.finish().await;
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok()
}

#[tokio::test]
async fn a_stream_is_spoiled_as_asked() {
    let shop = sandbox().await;
    let stream = calls().swap_remove(1);
    let cut = rehearse(&shop, &stream, "cut_stream").await;
    assert!(
        cut.status == 200 && !cut.text.contains("[DONE]"),
        "{}",
        cut.text
    );
    let whole = stream.ask(&shop).await;
    assert!(data(&cut.text).len() < data(&whole.text).len() && !data(&cut.text).is_empty());
    let malformed = rehearse(&shop, &stream, "malformed_chunk").await.text;
    let broken = data(&malformed);
    let broken = broken
        .iter()
        .filter(|data| **data != "[DONE]" && !is_json(data));
    assert_eq!(broken.count(), 1);
    for late in ["slow", "slow_first_token"] {
        let answer = rehearse(&shop, &stream, late).await;
        assert_eq!(data(&answer.text).len(), data(&whole.text).len(), "{late}");
    }
    shop.app.finish().await;
}

#[tokio::test]
async fn a_whole_answer_is_spoiled_as_asked() {
    let shop = sandbox().await;
    for call in calls().iter().filter(|call| call.path != SPEECH) {
        for scenario in ["cut_stream", "malformed_chunk"] {
            let spoiled = rehearse(&shop, call, scenario).await;
            assert_eq!(spoiled.status, 200);
            assert!(!is_json(&spoiled.text), "{scenario} at {}", call.path);
        }
    }
    let chat = calls().swap_remove(0);
    let length = rehearse(&shop, &chat, "length").await.json();
    assert_eq!(length["choices"][0]["finish_reason"], "length");
    let empty = rehearse(&shop, &chat, "empty").await.json();
    assert_eq!(empty["choices"][0]["message"]["content"], "");
    let refusal = rehearse(&shop, &chat, "refusal").await.json();
    assert!(refusal["choices"][0]["message"]["refusal"].is_string());
    shop.app.finish().await;
}

#[tokio::test]
async fn a_message_fails_in_its_own_dialect() {
    let shop = sandbox().await;
    let message = json!({"model": "anthropic/claude-haiku-4-5", "max_tokens": 50,
        "messages": [{"role": "user", "content": "Hi"}]});
    let call = Call::json("/v1/messages", &message);
    for (scenario, status, kind) in [
        ("rate_limit", 429, "rate_limit_error"),
        ("server_error", 500, "api_error"),
        ("unavailable", 503, "overloaded_error"),
        ("insufficient_balance", 402, "billing_error"),
        ("expired", 401, "authentication_error"),
    ] {
        let answer = rehearse(&shop, &call, scenario).await;
        assert_eq!(answer.status, status, "{scenario}: {}", answer.text);
        let body = answer.json();
        assert_eq!(
            (&body["type"], &body["error"]["type"]),
            (&json!("error"), &json!(kind))
        );
    }
    let count = Call::json("/v1/messages/count_tokens", &message);
    assert!(count.ask(&shop).await.json()["input_tokens"].is_u64());
    let limited = rehearse(&shop, &count, "rate_limit").await;
    assert_eq!((limited.status, limited.header("retry-after")), (429, "1"));
    let refusal = rehearse(&shop, &call, "refusal").await.json();
    assert_eq!(refusal["stop_reason"], "refusal");
    let length = rehearse(&shop, &call, "length").await.json();
    assert_eq!(length["stop_reason"], "max_tokens");
    shop.app.finish().await;
}
