//! `responses` at providers that have none.

use http_body_util::BodyExt as _;
use keypurse_providers::tokenizer::warm;
use keypurse_server::gateway::{Dialect, GatewayConfig, ProviderKind};
use keypurse_testkit::TestAnswer;
use keypurse_testkit::upstream::{Gate, Reply, usage};
use serde_json::{Value, json};

use super::{
    candidates, events, gemini_used, in_blocks, kinds, message_stream, set_balance, shop_with, used,
};
use crate::gateway::responses::RESPONSES;
use crate::gateway::tiers::{PRIORITY, STANDARD};
use crate::gateway::{Shop, soon, with};

/// OpenAI's dialect without its responses.
fn of_chats(config: &mut GatewayConfig) {
    if let ProviderKind::Http(settings) = &mut config.providers[0].kind {
        settings.has_responses = false;
    }
}

async fn shop(dialect: Dialect) -> Shop {
    shop_with(dialect, "1", of_chats).await
}

fn responding() -> Value {
    json!({"model": "up/m", "input": "Hi", "max_output_tokens": 100})
}

fn streaming() -> Value {
    with(responding(), "stream", json!(true))
}

async fn respond(shop: &Shop, body: &Value) -> TestAnswer {
    shop.call(RESPONSES, body).send().await
}

/// What a stream's text events say, and its last event.
fn read(stream: &str) -> (String, Value) {
    let events = events(stream);
    let texts = events
        .iter()
        .filter(|event| event["type"] == "response.output_text.delta");
    let said = texts
        .map(|event| event["delta"].as_str().unwrap())
        .collect();
    (said, events.last().unwrap().clone())
}

#[tokio::test]
async fn a_response_is_made_of_an_answer_in_any_dialect() {
    for (dialect, path, stream) in [
        (
            Dialect::OpenAi,
            "/v1/chat/completions",
            Reply::chat_stream(&["Hel", "lo!"], &usage(10, 20)),
        ),
        (
            Dialect::Anthropic,
            "/v1/messages",
            message_stream(&["Hel", "lo!"], 10, &used(10, 20)),
        ),
        (
            Dialect::Gemini,
            "/v1/models/m:streamGenerateContent",
            Reply::stream().data(&candidates("Hello!", &gemini_used(10, 20))),
        ),
    ] {
        let shop = shop(dialect).await;
        let body = with(responding(), "instructions", json!("Be brief"));
        let answer = respond(&shop, &body).await;
        assert_eq!(answer.status, 200, "{dialect:?} {}", answer.text);
        let sent = shop.upstream.last();
        assert!(sent.body.contains("Be brief"), "{dialect:?}");
        let response = answer.json();
        assert_eq!(response["object"], "response");
        assert_eq!(response["status"], "completed");
        assert_eq!(response["output"][0]["content"][0]["text"], "Hello!");
        assert_eq!(response["instructions"], "Be brief");
        assert_eq!(response["usage"]["output_tokens"], 20);
        assert_eq!(response["cost"].to_string(), "0.00021");
        assert_eq!(response["provider"], "up");
        assert_eq!(shop.charged().await, 210_000);

        shop.upstream.always(stream);
        let answer = respond(&shop, &streaming()).await;
        assert_eq!(shop.upstream.last().path, path);
        let (said, last) = read(&answer.text);
        assert_eq!(said, "Hello!", "{}", answer.text);
        assert_eq!(last["type"], "response.completed");
        assert_eq!(last["response"]["usage"]["cost"].to_string(), "0.00021");
        assert_eq!(
            last["response"]["output"][0]["content"][0]["text"],
            "Hello!"
        );
        let began = &events(&answer.text)[0]["response"]["id"];
        assert_eq!(*began, last["response"]["id"]);
        assert_eq!(shop.charged().await, 2 * 210_000);
        shop.app.finish().await;
    }
}

#[tokio::test]
async fn a_provider_with_responses_gets_them_as_they_are() {
    let shop = Shop::open("1").await;
    let answer = respond(&shop, &responding()).await;
    assert_eq!(
        shop.upstream.last().path,
        "/v1/responses",
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn a_loop_of_tools_goes_there_and_back() {
    let shop = shop(Dialect::Anthropic).await;
    let thinking = json!({"type": "thinking", "thinking": "Hm", "signature": "sig"});
    let calls = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "claude",
        "content": [thinking, {"type": "tool_use", "id": "t1", "name": "apply_patch",
            "input": {"input": "*** Begin"}},
            {"type": "tool_use", "id": "t2", "name": "mcp__look", "input": {"at": 1}}],
        "stop_reason": "tool_use", "usage": used(10, 20)});
    shop.upstream.next(Reply::json(200, &calls));
    let tools = json!([{"type": "custom", "name": "apply_patch"},
        {"type": "namespace", "name": "mcp", "tools": [{"type": "function", "name": "look",
            "parameters": {"type": "object", "properties": {}}}]}]);
    let first = with(responding(), "tools", tools.clone());
    let answer = respond(&shop, &first).await;
    let names = &shop.upstream.last().json()["tools"];
    assert_eq!(names[0]["name"], "apply_patch");
    assert_eq!(names[1]["name"], "mcp__look");
    let output = answer.json()["output"].clone();
    assert_eq!(output[0]["type"], "reasoning");
    assert_eq!(output[1]["type"], "custom_tool_call");
    assert_eq!(output[1]["input"], "*** Begin");
    assert_eq!(output[2]["type"], "function_call");
    assert_eq!(output[2]["namespace"], "mcp");
    assert_eq!(output[2]["name"], "look");
    assert_eq!(output[2]["arguments"], "{\"at\":1}");

    let mut input = vec![json!({"role": "user", "content": "Hi"})];
    input.extend(output.as_array().unwrap().iter().cloned());
    input.push(json!({"type": "custom_tool_call_output", "call_id": "t1", "output": "Done"}));
    input.push(json!({"type": "function_call_output", "call_id": "t2", "output": "Seen"}));
    let second = with(with(first, "input", json!(input)), "tools", tools);
    let answer = respond(&shop, &second).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let sent = shop.upstream.last().json();
    let content = &sent["messages"][1]["content"];
    assert_eq!(content[0], thinking);
    assert_eq!(content[1]["input"], json!({"input": "*** Begin"}));
    assert_eq!(content[2]["name"], "mcp__look");
    let results = &sent["messages"][2]["content"];
    assert_eq!(results[0]["tool_use_id"], "t1");
    assert_eq!(results[1]["tool_use_id"], "t2");
    shop.app.finish().await;
}

#[tokio::test]
async fn nothing_is_kept_at_such_a_provider() {
    let shop = shop(Dialect::Anthropic).await;
    let id = respond(&shop, &responding()).await.json()["id"].clone();
    let asked = shop.upstream.received_count();
    for (member, value) in [
        ("previous_response_id", id.clone()),
        ("conversation", json!("conv_1")),
        ("store", json!(true)),
        ("input", json!([{"type": "item_reference", "id": "msg_1"}])),
    ] {
        let answer = respond(&shop, &with(responding(), member, value)).await;
        assert_eq!(answer.status, 400, "{member} {}", answer.text);
        let param = answer.json()["error"]["param"].clone();
        assert!(param.as_str().unwrap().starts_with(member), "{param}");
    }
    let path = format!("{RESPONSES}/{}", id.as_str().unwrap());
    let stored = shop.app.get(&path).key(&shop.secret).send().await;
    assert_eq!(stored.status, 404, "{}", stored.text);
    assert_eq!(shop.upstream.received_count(), asked);
    assert_eq!(shop.charged().await, 210_000);
}

#[tokio::test]
async fn errors_come_back_in_openais_form() {
    let shop = shop(Dialect::Anthropic).await;
    let error =
        json!({"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}});
    shop.upstream.always(Reply::json(429, &error));
    let answer = respond(&shop, &responding()).await;
    assert_eq!(answer.status, 429);
    assert_eq!(answer.json()["error"]["message"], "slow down");
    assert_eq!(shop.charged().await, 0);
}

#[tokio::test]
async fn a_stream_whose_money_ends_is_closed_and_incomplete() {
    let shop = shop_with(Dialect::OpenAi, "1", |config| {
        of_chats(config);
        in_blocks(config);
    })
    .await;
    let gate = Gate::new();
    let reply = Reply::stream().chunk("Hello").wait(&gate);
    shop.upstream
        .always(reply.chunk(&"x".repeat(3000)).wait(&gate));
    let request = with(streaming(), "max_output_tokens", json!(9000));
    let mut body = shop.call(RESPONSES, &request).open().await.into_body();
    let mut seen = String::new();
    while !seen.contains("Hello") {
        let frame = soon(body.frame()).await.unwrap().unwrap();
        seen += std::str::from_utf8(&frame.into_data().unwrap()).unwrap();
    }
    set_balance(&shop, "0.0115").await;
    gate.let_pass(1);
    let rest = soon(body.collect()).await.unwrap().to_bytes();
    let rest = std::str::from_utf8(&rest).unwrap();
    assert_eq!(
        kinds(rest),
        [
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.incomplete"
        ]
    );
    let (_, last) = read(rest);
    let response = &last["response"];
    assert_eq!(
        response["incomplete_details"]["reason"],
        "max_output_tokens"
    );
    assert_eq!(response["output"][0]["content"][0]["text"], "Hello");
    assert_eq!(
        response["usage"]["input_tokens"],
        shop.upstream.last().body.len()
    );
    shop.app.finish().await;
}

#[tokio::test]
async fn usage_that_is_missing_is_counted() {
    let shop = shop(Dialect::OpenAi).await;
    shop.upstream
        .always(Reply::chat_stream(&["Hel", "lo"], &Value::Null));
    respond(&shop, &streaming()).await;
    let bytes = shop.upstream.last().body.len();
    let charged = i64::try_from(bytes).unwrap() * 1000 + 5 * 10_000;
    assert_eq!(shop.charged().await, charged);
}

#[tokio::test]
async fn a_call_of_a_tool_is_counted_with_what_it_is_called_with() {
    let shop = shop(Dialect::OpenAi).await;
    let call = json!({"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "id": "c",
        "type": "function", "function": {"name": "patch", "arguments": "{\"input\":\"0123456789\"}"}}]}}]});
    let end = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]});
    shop.upstream
        .always(Reply::stream().data(&call).data(&end).done());
    let tools = json!([{"type": "custom", "name": "patch"}]);
    let answer = respond(&shop, &with(streaming(), "tools", tools)).await;
    let (_, last) = read(&answer.text);
    assert_eq!(last["response"]["output"][0]["input"], "0123456789");
    // The text and the tool's name, a byte a token.
    let output = 10 + "patch".len();
    let bytes = shop.upstream.last().body.len();
    let charged = i64::try_from(bytes).unwrap() * 1000 + i64::try_from(output).unwrap() * 10_000;
    assert_eq!(shop.charged().await, charged);
}

#[tokio::test]
async fn models_of_every_dialect_are_listed() {
    let shop = shop(Dialect::Anthropic).await;
    let listed = shop.app.get("/v1/responses/models").send().await;
    assert!(listed.text.contains("up/m"), "{}", listed.text);
}

#[tokio::test]
async fn a_stream_that_fails_ends_with_the_response_as_failed() {
    let shop = shop(Dialect::OpenAi).await;
    let error = json!({"error": {"message": "Overloaded", "type": "overloaded_error"}});
    shop.upstream
        .next(Reply::stream().chunk("Hel").data(&error));
    shop.upstream.next(Reply::stream().chunk("Hel").breaks());
    for says in ["Overloaded", "broke off"] {
        let answer = respond(&shop, &streaming()).await;
        let events = events(&answer.text);
        let [.., error, failed] = events.as_slice() else {
            panic!("{}", answer.text)
        };
        assert_eq!(error["type"], "error");
        assert_eq!(failed["type"], "response.failed");
        let response = &failed["response"];
        assert_eq!(response["status"], "failed");
        let message = response["error"]["message"].as_str().unwrap();
        assert!(message.contains(says), "{message}");
        assert_eq!(response["output"][0]["content"][0]["text"], "Hel");
        assert_eq!(response["usage"]["output_tokens"], 3);
        assert!(response["cost"].as_f64().unwrap() > 0.0);
        let number = |event: &Value| event["sequence_number"].as_u64().unwrap();
        assert_eq!(number(failed), number(error) + 1);
    }
}

#[tokio::test]
async fn usage_nobody_told_is_told_as_it_was_counted() {
    let shop = shop(Dialect::OpenAi).await;
    shop.upstream.always(Reply::chat("Hello", &Value::Null));
    let whole = respond(&shop, &responding()).await.json();
    shop.upstream
        .always(Reply::chat_stream(&["Hel", "lo"], &Value::Null));
    let (_, last) = read(&respond(&shop, &streaming()).await.text);
    for response in [&whole, &last["response"]] {
        assert_eq!(response["usage"]["output_tokens"], 5);
    }
}

/// What a client asks for and its chat provider does not tell.
#[tokio::test]
async fn a_tier_nobody_told_is_the_one_that_was_asked_for() {
    for (told, expected) in [
        (json!(null), PRIORITY),
        (json!("priority"), PRIORITY),
        (json!("default"), STANDARD),
    ] {
        let shop = Shop::named_with("openai", "1", of_chats).await;
        let message = json!({"role": "assistant", "content": "Hi"});
        let body = json!({"usage": usage(1000, 100), "service_tier": told,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]});
        shop.upstream.always(Reply::json(200, &body));
        let asked = json!({"model": "openai/gpt-4o", "input": "word ".repeat(250),
            "max_output_tokens": 100, "service_tier": "priority"});
        let answer = respond(&shop, &asked).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(shop.charged().await, expected, "{told}");
    }
}

#[tokio::test]
async fn what_a_translation_adds_is_held_for() {
    warm();
    let tools: Vec<Value> = (0..100)
        .map(|number| json!({"type": "custom", "name": format!("t{number}")}))
        .collect();
    let asked = json!({"model": "openai/gpt-4o", "input": "Hi", "max_output_tokens": 1,
        "tools": tools});
    let own = |config: &mut GatewayConfig| config.aliases.clear();
    let mut needed = Vec::new();
    for change in [own, of_chats] {
        let shop = Shop::named_with("openai", "0.000001", change).await;
        let refused = respond(&shop, &asked).await;
        assert_eq!(refused.status, 402, "{}", refused.text);
        let told = refused.json()["error"]["needed"].to_string();
        needed.push(told.trim_matches('"').parse::<f64>().unwrap());
    }
    // Counted, not by bytes, and each tool is a schema.
    assert!(needed[1] > 2.0 * needed[0], "{needed:?}");
}
