//! `chat/completions` at a provider that speaks Anthropic's dialect.

use keypurse_server::gateway::Dialect;
use keypurse_testkit::upstream::Reply;
use serde_json::{Value, json};

use super::{event, message, message_stream, shop, used};
use crate::gateway::{UPSTREAM_KEY, data, hello, hello_stream, with};

#[tokio::test]
async fn a_chat_reaches_the_provider_in_its_own_words_and_comes_back() {
    let shop = shop(Dialect::Anthropic, "1").await;
    let answer = shop.ask(&hello()).await;
    let sent = shop.upstream.last();
    assert_eq!(sent.path, "/v1/messages");
    assert_eq!(sent.headers["x-api-key"], UPSTREAM_KEY);
    assert_eq!(sent.headers["anthropic-version"], "2023-06-01");
    assert!(sent.headers.get("authorization").is_none());
    assert_eq!(
        sent.json(),
        json!({"model": "m", "max_tokens": 1000,
            "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]})
    );
    assert_eq!(answer.status, 200, "{}", answer.text);
    let body = answer.json();
    assert_eq!(body["object"], "chat.completion");
    assert_eq!(body["choices"][0]["message"]["content"], "Hello!");
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
    assert_eq!(body["usage"]["total_tokens"], 30);
    assert_eq!(body["provider"], "up");
    assert_eq!(body["cost"].to_string(), "0.00021");
    assert_eq!(answer.header("x-keypurse-cost"), "0.00021");
    assert_eq!(shop.charged().await, 210_000);
    shop.app.finish().await;
}

/// Ten fresh tokens, 30 from the cache, 20 written for minutes, 5 for an hour,
/// 8 output tokens, half of them thinking.
fn of_every_class() -> Value {
    json!({"input_tokens": 10, "cache_read_input_tokens": 30, "cache_creation_input_tokens": 25,
        "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 5},
        "output_tokens": 8, "output_tokens_details": {"thinking_tokens": 4}})
}

const OF_EVERY_CLASS: i64 = 10 * 1000 + 30 * 100 + 20 * 1250 + 5 * 2000 + 8 * 10_000;

#[tokio::test]
async fn every_class_of_tokens_is_charged_at_its_own_price() {
    // A `ttl` somewhere lets the call reach the hour's price.
    let cached = json!([{"role": "user", "content": [{"type": "text", "text": "Hi",
        "cache_control": {"type": "ephemeral", "ttl": "1h"}}]}]);
    let request = with(hello(), "messages", cached);
    let whole = shop(Dialect::Anthropic, "1").await;
    whole.upstream.always(message("Hello!", &of_every_class()));
    let answer = whole.ask(&request).await.json();
    assert_eq!(answer["usage"]["prompt_tokens"], 65);
    assert_eq!(
        answer["usage"]["prompt_tokens_details"]["cached_tokens"],
        30
    );
    assert_eq!(
        answer["usage"]["completion_tokens_details"]["reasoning_tokens"],
        4
    );
    assert_eq!(whole.charged().await, OF_EVERY_CLASS);
    let streamed = shop(Dialect::Anthropic, "1").await;
    let reply = message_stream(&["Hello!"], 10, &of_every_class());
    streamed.upstream.always(reply);
    streamed.ask(&with(request, "stream", json!(true))).await;
    assert_eq!(streamed.charged().await, OF_EVERY_CLASS);
}

#[tokio::test]
async fn a_stream_comes_back_as_chunks_with_its_cost_at_the_end() {
    let shop = shop(Dialect::Anthropic, "1").await;
    shop.upstream
        .always(message_stream(&["Hel", "lo"], 10, &used(10, 20)));
    let options = json!({"include_usage": true});
    let answer = shop
        .ask(&with(hello_stream(), "stream_options", options))
        .await;
    assert_eq!(shop.upstream.last().json()["stream"], true);
    assert_eq!(answer.header("content-type"), "text/event-stream");
    assert_eq!(crate::gateway::said(&answer.text), "Hello");
    let data = data(&answer.text);
    assert_eq!(data.last(), Some(&"[DONE]"));
    let usage: Value = serde_json::from_str(data[data.len() - 2]).unwrap();
    assert_eq!(usage["usage"]["total_tokens"], 30);
    assert_eq!(usage["cost"].to_string(), "0.00021");
    assert_eq!(shop.charged().await, 210_000);
}

#[tokio::test]
async fn tools_and_images_go_there_and_calls_come_back() {
    let shop = shop(Dialect::Anthropic, "1").await;
    let call = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "claude",
        "content": [{"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"at": 1.0}}],
        "stop_reason": "tool_use", "usage": used(10, 20)});
    shop.upstream.always(Reply::json(200, &call));
    let image = json!({"type": "image_url",
        "image_url": {"url": "data:image/png;base64,aGk=", "detail": "low"}});
    let mut request = with(
        hello(),
        "tools",
        json!([{"type": "function", "function":
        {"name": "look", "parameters": {"type": "object"}}}]),
    );
    request["messages"][0]["content"] = json!([{"type": "text", "text": "Hi"}, image]);
    // Nobody publishes how many tokens an image has at `up/m`.
    assert_eq!(shop.ask(&request).await.status, 400);
    request["messages"][0]["content"] = json!("Hi");
    let answer = shop.ask(&request).await.json();
    assert_eq!(shop.upstream.last().json()["tools"][0]["name"], "look");
    let message = &answer["choices"][0]["message"];
    assert_eq!(message["tool_calls"][0]["id"], "toolu_1");
    assert_eq!(
        message["tool_calls"][0]["function"]["arguments"],
        "{\"at\":1.0}"
    );
    assert_eq!(answer["choices"][0]["finish_reason"], "tool_calls");
}

#[tokio::test]
async fn what_the_provider_adds_of_its_own_is_held_for() {
    // 400 tokens of text at most; with tools Anthropic adds a prompt of its own.
    let tools = json!([{"type": "function", "function": {"name": "f"}}]);
    for (request, status) in [(hello(), 200), (with(hello(), "tools", tools), 402)] {
        let shop = shop(Dialect::Anthropic, "0.003").await;
        let request = with(request, "max_tokens", json!(256));
        let answer = shop.ask(&request).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        assert_eq!(shop.upstream.received().len(), usize::from(status == 200));
    }
}

#[tokio::test]
async fn money_that_is_short_lowers_the_limit_that_is_sent() {
    let shop = shop(Dialect::Anthropic, "0.005").await;
    let answer = shop.ask(&with(hello(), "max_tokens", json!(900))).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let sent = shop.upstream.last().json()["max_tokens"].as_u64().unwrap();
    assert!((256..900).contains(&sent), "{sent}");
    assert_eq!(answer.header("x-keypurse-output-limit"), sent.to_string());
}

#[tokio::test]
async fn what_the_provider_cannot_be_asked_for_is_refused_by_name_and_free() {
    let shop = shop(Dialect::Anthropic, "1").await;
    let answer = shop.ask(&with(hello(), "logprobs", json!(true))).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["error"]["param"], "logprobs");
    assert_eq!(answer.json()["error"]["code"], "invalid_request");
    assert!(shop.upstream.received().is_empty());
    assert_eq!(shop.charged().await, 0);
    shop.app.finish().await;
}

#[tokio::test]
async fn a_refusal_comes_back_as_the_client_reads_errors() {
    for (status, passes) in [
        (400, true),
        (401, false),
        (402, false),
        (403, false),
        (404, true),
        (413, true),
        (429, true),
        (500, true),
        (529, true),
    ] {
        let shop = shop(Dialect::Anthropic, "1").await;
        let error = json!({"type": "error", "error": {"type": "rate_limit_error", "message": "slow"},
            "request_id": "req_1"});
        shop.upstream
            .always(Reply::json(status, &error).header("retry-after", "7"));
        let answer = shop.ask(&hello()).await;
        let error = &answer.json()["error"];
        if passes {
            assert_eq!(answer.status, status);
            assert_eq!(answer.header("retry-after"), "7");
            assert_eq!(
                (&error["message"], &error["type"]),
                (&json!("slow"), &json!("rate_limit_error"))
            );
        } else {
            assert_eq!(answer.status, 502, "{status}");
            assert_eq!(error["code"], "upstream_error");
        }
        assert_eq!(shop.charged().await, 0);
    }
}

#[tokio::test]
async fn a_refusal_without_an_explanation_gets_one() {
    let shop = shop(Dialect::Anthropic, "1").await;
    shop.upstream
        .always(Reply::text(500, "text/html", "<html>"));
    let answer = shop.ask(&hello()).await;
    assert_eq!(answer.status, 500);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.json()["error"]["code"], "upstream_error");
}

#[tokio::test]
async fn an_error_in_a_stream_that_began_is_the_last_the_client_reads() {
    let shop = shop(Dialect::Anthropic, "1").await;
    let error = json!({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}});
    let reply = Reply::stream().raw(&(super::begun(&["Hel"], 10) + &event(&error)));
    shop.upstream.always(reply);
    let answer = shop.ask(&hello_stream()).await;
    assert_eq!(crate::gateway::said(&answer.text), "Hel");
    let last: Value = serde_json::from_str(data(&answer.text).last().unwrap()).unwrap();
    assert_eq!(last["error"]["message"], "busy");
    assert!(answer.text.contains(": keypurse-cost="));
    assert!(shop.charged().await > 0);
}
