//! `messages` at providers of other dialects.

use http_body_util::BodyExt as _;
use keypurse_server::gateway::{Dialect, ProviderKind};
use keypurse_testkit::upstream::{Gate, Reply, usage};
use serde_json::{Value, json};

use super::{
    candidates, events, gemini_used, greeting, greeting_stream, in_blocks, kinds, said,
    set_balance, shop, shop_with,
};
use crate::gateway::{soon, with};

#[tokio::test]
async fn a_message_reaches_a_chat_provider_and_comes_back() {
    let shop = shop(Dialect::OpenAi, "1").await;
    let mut request = with(greeting(), "system", json!("Be brief"));
    request["stop_sequences"] = json!(["END"]);
    let answer = shop.send_message(&request).await;
    let sent = shop.upstream.last();
    assert_eq!(sent.path, "/v1/chat/completions");
    assert!(sent.headers.get("x-api-key").is_none());
    let body = sent.json();
    assert_eq!(body["model"], "m");
    assert_eq!(body["max_tokens"], 100);
    assert_eq!(body["messages"][0]["role"], "system");
    assert_eq!(body["stop"], json!(["END"]));
    assert_eq!(answer.status, 200, "{}", answer.text);
    let message = answer.json();
    assert_eq!(message["type"], "message");
    assert_eq!(
        message["content"][0],
        json!({"type": "text", "text": "Hello!"})
    );
    assert_eq!(message["stop_reason"], "end_turn");
    assert_eq!(message["usage"]["input_tokens"], 10);
    assert_eq!(message["usage"]["output_tokens"], 20);
    assert_eq!(message["cost"].to_string(), "0.00021");
    assert_eq!(message["provider"], "up");
    assert_eq!(shop.charged().await, 210_000);
    shop.app.finish().await;
}

/// DeepSeek and Kimi refuse a loop of tools without what they thought in it.
#[tokio::test]
async fn what_a_model_thought_goes_back_to_it_with_the_result_of_its_call() {
    let shop = shop_with(Dialect::OpenAi, "1", |config| {
        if let ProviderKind::Http(settings) = &mut config.providers[0].kind {
            settings.wants_reasoning = true;
        }
    })
    .await;
    let call = json!({"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}});
    let said = json!({"role": "assistant", "content": "", "reasoning_content": "Hm",
        "tool_calls": [call]});
    let choice = json!({"index": 0, "message": said, "finish_reason": "tool_calls"});
    let reply = json!({"id": "x", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [choice], "usage": usage(10, 20)});
    shop.upstream.always(Reply::json(200, &reply));
    let mut request = greeting();
    for turns in [3, 5] {
        let answer = shop.send_message(&request).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let result = json!([{"type": "tool_result", "tool_use_id": "c", "content": "1"}]);
        let messages = request["messages"].as_array_mut().unwrap();
        messages.push(json!({"role": "assistant", "content": answer.json()["content"]}));
        messages.push(json!({"role": "user", "content": result}));
        assert_eq!(messages.len(), turns);
    }
    let answer = shop.send_message(&request).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let sent = shop.upstream.last().json();
    for turn in [1, 3] {
        assert_eq!(sent["messages"][turn]["reasoning_content"], "Hm", "{sent}");
        assert_eq!(sent["messages"][turn]["tool_calls"][0], call);
    }
    shop.app.finish().await;
}

#[tokio::test]
async fn a_stream_of_chunks_comes_back_as_events() {
    let shop = shop(Dialect::OpenAi, "1").await;
    shop.upstream
        .always(Reply::chat_stream(&["Hel", "lo"], &usage(10, 20)));
    let answer = shop.send_message(&greeting_stream()).await;
    // Usage is asked for, though no `messages` request ever does.
    assert_eq!(
        shop.upstream.last().json()["stream_options"]["include_usage"],
        true
    );
    assert_eq!(said(&answer.text), "Hello");
    let expected = [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ];
    assert_eq!(kinds(&answer.text), expected);
    let end = &events(&answer.text)[5];
    assert_eq!(end["usage"]["input_tokens"], 10);
    assert_eq!(end["usage"]["cost"].to_string(), "0.00021");
    assert_eq!(shop.charged().await, 210_000);
}

#[tokio::test]
async fn cached_input_is_charged_as_such() {
    let shop = shop(Dialect::OpenAi, "1").await;
    let cached = json!({"prompt_tokens": 30, "completion_tokens": 2,
        "prompt_tokens_details": {"cached_tokens": 20}});
    shop.upstream.always(Reply::chat("Hi", &cached));
    let answer = shop.send_message(&greeting()).await.json();
    assert_eq!(answer["usage"]["cache_read_input_tokens"], 20);
    assert_eq!(answer["usage"]["input_tokens"], 10);
    assert_eq!(shop.charged().await, 10 * 1000 + 20 * 100 + 2 * 10_000);
}

#[tokio::test]
async fn tools_go_there_and_calls_come_back() {
    let shop = shop(Dialect::OpenAi, "1").await;
    let call = json!({"id": "c1", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "finish_reason": "tool_calls", "message": {"role": "assistant",
            "content": null, "tool_calls": [{"id": "call_1", "type": "function",
                "function": {"name": "f", "arguments": "{\"a\": 1.0}"}}]}}],
        "usage": usage(10, 20)});
    shop.upstream.always(Reply::json(200, &call));
    let tools = json!([{"name": "f", "input_schema": {"type": "object"}}]);
    let answer = shop.send_message(&with(greeting(), "tools", tools)).await;
    assert_eq!(
        shop.upstream.last().json()["tools"][0]["function"]["name"],
        "f"
    );
    let answer = answer.json();
    assert_eq!(answer["stop_reason"], "tool_use");
    assert_eq!(answer["content"][0]["id"], "call_1");
    assert_eq!(answer["content"][0]["input"].to_string(), "{\"a\":1.0}");
}

#[tokio::test]
async fn a_tool_loop_at_google_has_a_stand_in_for_its_signature() {
    let shop = shop_with(Dialect::OpenAi, "1", |config| {
        "google".clone_into(&mut config.providers[0].name);
        "google".clone_into(&mut config.prices[0].provider);
        "gemini-3-pro-preview".clone_into(&mut config.prices[0].model);
    })
    .await;
    let mut request = with(greeting(), "model", json!("google/gemini-3-pro-preview"));
    request["messages"] = json!([
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "R"}]}]);
    let answer = shop.send_message(&request).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let call = &shop.upstream.last().json()["messages"][1]["tool_calls"][0];
    let stand_in = &call["extra_content"]["google"]["thought_signature"];
    assert_eq!(stand_in, "skip_thought_signature_validator");
}

#[tokio::test]
async fn usage_that_is_missing_is_counted_and_told() {
    let shop = shop(Dialect::OpenAi, "1").await;
    shop.upstream
        .always(Reply::chat_stream(&["Hel", "lo"], &Value::Null));
    let answer = shop.send_message(&greeting_stream()).await;
    let events = events(&answer.text);
    let end = &events[events.len() - 2];
    assert_eq!(end["usage"]["output_tokens"], 5);
    let bytes = shop.upstream.last().body.len();
    assert_eq!(end["usage"]["input_tokens"], bytes);
    let charged = i64::try_from(bytes).unwrap() * 1000 + 5 * 10_000;
    assert_eq!(shop.charged().await, charged);
    let broken = Reply::stream().chunk("Hel").breaks();
    shop.upstream.always(broken);
    let answer = shop.send_message(&greeting_stream()).await;
    assert!(answer.text.contains("event: error"), "{}", answer.text);
    // Zero input, which chunks seem to tell first, is none.
    assert_eq!(shop.charged().await, 2 * charged - 2 * 10_000);
}

#[tokio::test]
async fn a_stream_whose_money_ends_is_cut_politely() {
    let shop = shop_with(Dialect::OpenAi, "1", in_blocks).await;
    let gate = Gate::new();
    let reply = Reply::stream().chunk("Hello").wait(&gate);
    shop.upstream
        .always(reply.chunk(&"x".repeat(3000)).wait(&gate));
    let request = shop.app.post(super::MESSAGES).key(&shop.secret);
    let request = request.json(&with(greeting_stream(), "max_tokens", json!(9000)));
    let mut body = request.open().await.into_body();
    soon(body.frame()).await.unwrap().unwrap();
    set_balance(&shop, "0.0115").await;
    gate.let_pass(1);
    let rest = soon(body.collect()).await.unwrap().to_bytes();
    let rest = std::str::from_utf8(&rest).unwrap();
    assert_eq!(
        kinds(rest),
        ["content_block_stop", "message_delta", "message_stop"]
    );
    let end = &events(rest)[1];
    assert_eq!(end["delta"]["stop_reason"], "max_tokens");
    assert_eq!(
        end["usage"]["input_tokens"],
        shop.upstream.last().body.len()
    );
    shop.app.finish().await;
}

#[tokio::test]
async fn errors_come_back_in_anthropics_form() {
    let shop = shop(Dialect::OpenAi, "1").await;
    let error = json!({"error": {"message": "slow down", "type": "rate_limit", "code": null}});
    shop.upstream.always(Reply::json(429, &error));
    let answer = shop.send_message(&greeting()).await;
    assert_eq!(answer.status, 429);
    assert_eq!(
        answer.json(),
        json!({"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}})
    );
    shop.upstream.always(Reply::json(401, &error));
    let answer = shop.send_message(&greeting()).await;
    assert_eq!(
        (answer.status, &answer.json()["error"]["type"]),
        (502, &json!("api_error"))
    );
    let odd = with(greeting(), "top_k", json!(3));
    let answer = shop.send_message(&odd).await;
    assert_eq!(answer.status, 400);
    assert!(answer.text.contains("top_k"), "{}", answer.text);
    assert_eq!(shop.charged().await, 0);
}

#[tokio::test]
async fn a_message_reaches_gemini_and_comes_back() {
    let shop = shop(Dialect::Gemini, "1").await;
    let answer = shop.send_message(&greeting()).await;
    let sent = shop.upstream.last();
    assert_eq!(sent.path, "/v1/models/m:generateContent");
    assert_eq!(sent.json()["generationConfig"]["maxOutputTokens"], 100);
    assert_eq!(answer.json()["content"][0]["text"], "Hello!");
    let first = json!({"candidates": [{"content": {"role": "model", "parts": [{"text": "Hel"}]}}]});
    let stream = Reply::stream()
        .data(&first)
        .data(&candidates("lo", &gemini_used(10, 20)));
    shop.upstream.always(stream);
    let answer = shop.send_message(&greeting_stream()).await;
    assert_eq!(said(&answer.text), "Hello");
    assert_eq!(kinds(&answer.text).last().unwrap(), "message_stop");
    assert_eq!(shop.charged().await, 2 * 210_000);
    shop.app.finish().await;
}
