//! Chat completions.

use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::sandbox;
use crate::gateway::{CHAT, data, said, soon, with};

fn hello() -> Value {
    json!({"model": "openai/gpt-4o", "messages": [{"role": "user", "content": "Hi there"}]})
}

#[tokio::test]
async fn l12_a_sandbox_call_opens_no_connection_and_leaves_the_balance() {
    let shop = sandbox().await;
    for model in [
        "openai/gpt-4o",
        "gpt-4o",
        "up/m",
        "m",
        "anthropic/claude-haiku-4-5",
    ] {
        for stream in [false, true] {
            let body = with(
                with(hello(), "model", json!(model)),
                "stream",
                json!(stream),
            );
            let answer = shop.ask(&body).await;
            assert_eq!(answer.status, 200, "{model}: {}", answer.text);
            assert_eq!(answer.header("x-keypurse-cost"), "0.0");
            assert!(answer.header("x-request-id").starts_with("req_"));
        }
    }
    assert!(shop.upstream.received().is_empty());
    assert_eq!(shop.balance().await, "0.0");
    shop.app.finish().await;
}

#[tokio::test]
async fn a_sandbox_answer_has_the_shape_of_a_real_one() {
    let shop = sandbox().await;
    let answer = shop.ask(&hello()).await.json();
    assert_eq!(answer["object"], "chat.completion");
    assert_eq!(
        (&answer["cost"], &answer["provider"]),
        (&json!(0.0), &json!("openai"))
    );
    assert!(answer["usage"]["total_tokens"].as_u64().unwrap() > 0);
    let text = answer["choices"][0]["message"]["content"].as_str().unwrap();

    let stream = with(hello(), "stream", json!(true));
    let streamed = shop.ask(&stream).await.text;
    assert_eq!(said(&streamed), text, "the same, in pieces");
    assert!(
        streamed.ends_with(": keypurse-cost=0.0\n\ndata: [DONE]\n\n"),
        "{streamed}"
    );

    let asking = with(stream, "stream_options", json!({"include_usage": true}));
    let streamed = shop.ask(&asking).await.text;
    let events = data(&streamed);
    assert!(
        events[events.len() - 2].contains(r#""cost":0.0"#),
        "{streamed}"
    );
    assert!(!streamed.contains(": keypurse-cost"));
}

#[tokio::test]
async fn a_sandbox_is_as_strict_as_a_live_token() {
    let shop = sandbox().await;
    for (member, value, status, code) in [
        ("model", json!("no/model"), 404, "model_not_found"),
        (
            "model",
            json!("openai/text-embedding-3-small"),
            404,
            "model_not_found",
        ),
        ("max_tokens", json!(-1), 400, "invalid_request"),
        ("service_tier", json!("batch"), 400, "unpriced_parameter"),
        ("api_base", json!("http://x"), 400, "invalid_request"),
        ("temperature", json!(9), 400, "invalid_request"),
        ("messages", json!([]), 400, "invalid_request"),
    ] {
        let answer = shop.ask(&with(hello(), member, value)).await;
        assert_eq!(
            (
                answer.status,
                answer.json()["error"]["code"].as_str().unwrap()
            ),
            (status, code)
        );
    }
    let limited = shop
        .ask(&with(hello(), "max_tokens", json!(3)))
        .await
        .json();
    assert_eq!(limited["usage"]["completion_tokens"], 3);
    assert_eq!(limited["choices"][0]["finish_reason"], "length");
}

#[tokio::test]
async fn a_deleted_sandbox_token_is_refused() {
    let shop = sandbox().await;
    assert_eq!(
        shop.app
            .delete("/v2/user/custom_token/s/")
            .send()
            .await
            .status,
        204
    );
    assert_eq!(
        shop.app
            .post(CHAT)
            .key(&shop.secret)
            .json(&hello())
            .send()
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn a_running_sandbox_stream_is_cut_when_its_token_is_deleted() {
    let shop = sandbox().await;
    let body = with(hello(), "stream", json!(true));
    let slow = shop.request(&body).header("x-keypurse-sandbox", "slow");
    let mut body = slow.open().await.into_body();
    soon(body.frame()).await.unwrap().unwrap();
    let deleted = shop.app.delete("/v2/user/custom_token/s/").send().await;
    assert_eq!(deleted.status, 204);
    let rest = soon(body.collect()).await.unwrap().to_bytes();
    let rest = std::str::from_utf8(&rest).unwrap();
    assert!(
        rest.contains("invalid_api_key") && !rest.contains("[DONE]"),
        "{rest}"
    );
    shop.app.finish().await;
}

#[tokio::test]
async fn a_sandbox_token_with_a_balance_is_told_that_it_stays() {
    let shop = sandbox().await;
    let answer = shop.ask(&hello()).await;
    assert_eq!(answer.header("x-keypurse-balance"), "0.0");
    let body = json!({"name": "no-balance", "token_type": "sandbox_api_token"});
    let (_, secret) = shop.app.create_token(body).await;
    let answer = shop.app.post(CHAT).key(&secret).json(&hello()).send().await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-keypurse-balance"), "");
}

#[tokio::test]
async fn a_tier_is_told_and_simulated_as_it_would_be_charged() {
    let shop = sandbox().await;
    let rehearsing = super::rehearsal::rehearsing("1").await;
    for (path, asking) in [
        (CHAT, with(hello(), "model", json!("openai/gpt-5"))),
        (
            "/v1/responses",
            json!({"model": "openai/gpt-5", "input": "Hi there", "max_output_tokens": 100}),
        ),
    ] {
        let mut costs = Vec::new();
        for tier in ["flex", "default", "auto", "priority"] {
            let body = with(asking.clone(), "service_tier", json!(tier));
            let call = super::Call::json(path, &body);
            let answer = call.ask(&shop).await;
            assert_eq!(answer.status, 200, "{path} {tier}: {}", answer.text);
            let told = if tier == "auto" { "default" } else { tier };
            assert_eq!(answer.json()["service_tier"], told, "{path} {tier}");
            let simulated = answer.header("x-keypurse-simulated-cost");
            // A rehearsal is charged as a live call is.
            let rehearsed = call.ask(&rehearsing).await;
            let charged = rehearsed.header("x-keypurse-cost");
            assert_eq!(charged, simulated, "{path} {tier}: {}", rehearsed.text);
            costs.push(simulated.parse::<f64>().unwrap());
        }
        let [flex, default, auto, priority] = costs[..] else {
            panic!("four tiers")
        };
        assert!(flex < default && default < priority, "{path} {costs:?}");
        assert!((default - auto).abs() < f64::EPSILON, "{path} {costs:?}");
    }
    let unsaid = shop.ask(&hello()).await.json();
    assert!(unsaid.get("service_tier").is_none());
}
