//! `POST responses`, answered in one piece.

use keypurse_testkit::upstream::Reply;
use serde_json::{Value, json};

use super::{Shop, with};

pub(super) const RESPONSES: &str = "/v1/responses";

/// A small request.
pub(super) fn responding() -> Value {
    json!({"model": "up/m", "input": "Hi"})
}

/// Usage as a response reports it.
pub(super) fn used(input: u64, output: u64) -> Value {
    json!({"input_tokens": input, "output_tokens": output, "total_tokens": input + output})
}

/// A response that says `text` and reports this usage.
pub(super) fn response(text: &str, usage: &Value) -> Value {
    json!({
        "id": "resp_up1", "object": "response", "created_at": 1, "status": "completed",
        "error": null, "incomplete_details": null, "model": "m", "previous_response_id": null,
        "output": [{"type": "message", "id": "msg_1", "status": "completed", "role": "assistant",
            "content": [{"type": "output_text", "text": text, "annotations": []}]}],
        "usage": usage,
    })
}

pub(super) fn answers(text: &str) -> Reply {
    Reply::json(200, &response(text, &used(10, 20)))
}

#[tokio::test]
async fn only_the_model_and_the_limit_change_on_the_way() {
    let shop = Shop::open("1").await;
    for (given, sent) in [
        (
            r#"{"model":"up/m","input":"Hi \u00e9","temperature":1.0,"store":false}"#,
            r#"{"model":"m","input":"Hi \u00e9","temperature":1.0,"store":false,"max_output_tokens":1000}"#,
        ),
        (
            r#"{ "max_output_tokens" : 70 , "model":"up/m","input":[]}"#,
            r#"{ "max_output_tokens" : 70 , "model":"m","input":[]}"#,
        ),
        (
            r#"{"max_output_tokens":null,"model":"up/m","input":"Hi"}"#,
            r#"{"max_output_tokens":1000,"model":"m","input":"Hi"}"#,
        ),
    ] {
        shop.upstream.next(answers("Hello"));
        let call = shop.app.post(RESPONSES).key(&shop.secret).json_text(given);
        let answer = call.send().await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(shop.upstream.last().body, sent);
        assert_eq!(answer.json()["usage"]["cost"], json!(0.00021));
        assert_eq!(
            answer.json()["output"],
            response("Hello", &json!(null))["output"]
        );
    }
    assert_eq!(shop.charged().await, 3 * 210_000);
}

#[tokio::test]
async fn cached_and_reasoned_tokens_are_read() {
    let shop = Shop::named("openai", "1").await;
    let usage = json!({"input_tokens": 100, "input_tokens_details": {"cached_tokens": 40},
        "output_tokens": 50, "output_tokens_details": {"reasoning_tokens": 30}});
    shop.upstream
        .next(Reply::json(200, &response("Hi", &usage)));
    let input = "x".repeat(100);
    let body = json!({"model": "gpt-4o", "input": input});
    let answer = shop.call(RESPONSES, &body).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    // $2.50, $1.25 cached and $10 a million.
    assert_eq!(shop.charged().await, 60 * 2_500 + 40 * 1_250 + 50 * 10_000);
}

#[tokio::test]
async fn what_has_a_fee_or_cannot_be_charged_is_refused() {
    let shop = Shop::open("1").await;
    for (member, value, code) in [
        ("background", json!(true), "invalid_request"),
        ("background", json!("yes"), "invalid_request"),
        ("store", json!("yes"), "invalid_request"),
        ("input", json!(7), "invalid_request"),
        ("input", json!(null), "invalid_request"),
        ("input", json!(["text"]), "invalid_request"),
        (
            "input",
            json!([{"role": "user", "content": 7}]),
            "invalid_request",
        ),
        ("previous_response_id", json!(7), "invalid_request"),
        ("max_output_tokens", json!(0), "invalid_request"),
        ("max_output_tokens", json!("9"), "invalid_request"),
        (
            "tools",
            json!([{"type": "web_search"}]),
            "unpriced_parameter",
        ),
        (
            "tools",
            json!([{"type": "code_interpreter"}]),
            "unpriced_parameter",
        ),
        ("tools", json!([{"type": "mcp"}]), "unpriced_parameter"),
        (
            "tools",
            json!([{"type": "image_generation"}]),
            "unpriced_parameter",
        ),
        ("tools", json!([{"name": "f"}]), "invalid_request"),
        ("prompt", json!({"id": "pmpt_1"}), "unpriced_parameter"),
        ("service_tier", json!("flex"), "unpriced_parameter"),
        ("mcp_servers", json!([{}]), "unpriced_parameter"),
    ] {
        let body = with(responding(), member, value.clone());
        let answer = shop.call(RESPONSES, &body).send().await;
        assert_eq!(answer.status, 400, "{member} {value}: {}", answer.text);
        let error = &answer.json()["error"];
        assert_eq!(
            (&error["code"], &error["param"]),
            (&json!(code), &json!(member))
        );
    }
    assert!(shop.upstream.received().is_empty());
}

#[tokio::test]
async fn tools_that_a_client_runs_pass() {
    let shop = Shop::open("1").await;
    shop.upstream.next(answers("Hello"));
    let tools = json!([{"type": "function", "name": "f", "parameters": {}}, {"type": "custom",
        "name": "g"}, {"type": "apply_patch"}, {"type": "local_shell"}]);
    let body = with(responding(), "tools", tools.clone());
    assert_eq!(shop.call(RESPONSES, &body).send().await.status, 200);
    assert_eq!(shop.upstream.last().json()["tools"], tools);
}

/// What the upstream may charge for is held: a model's whole input for what
/// nothing else bounds.
#[tokio::test]
async fn what_nothing_bounds_is_held_at_the_models_input_limit() {
    // 128,000 tokens at $2.50 a million are $0.32; the limit sent is the least.
    for (balance, status) in [("0.1", 402), ("0.4", 200)] {
        let shop = Shop::named("openai", balance).await;
        shop.upstream.always(answers("Hello"));
        for (member, value) in [
            ("conversation", json!("conv_1")),
            ("input", json!([{"type": "item_reference", "id": "msg_1"}])),
            (
                "input",
                json!([{"role": "user", "content": [{"type": "input_file",
                "file_id": "file_1"}]}]),
            ),
            (
                "input",
                json!([{"type": "computer_call_output", "output": {}}]),
            ),
        ] {
            let mut body = json!({"model": "gpt-4o", "input": "Hi", "max_output_tokens": 16});
            body[member] = value.clone();
            let answer = shop.call(RESPONSES, &body).send().await;
            assert_eq!(answer.status, status, "{member} {value}: {}", answer.text);
        }
        // What bytes or a published maximum bound needs no such hold.
        for value in [
            json!([{"role": "user", "content": [{"type": "input_image", "detail": "low",
                "image_url": "https://example.com/a.png"}]}]),
            json!([{"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "abc"}]),
            json!([{"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "c", "output": "7"}]),
        ] {
            let body = json!({"model": "gpt-4o", "input": value, "max_output_tokens": 16});
            let answer = shop.call(RESPONSES, &body).send().await;
            assert_eq!(answer.status, 200, "{value}: {}", answer.text);
        }
        shop.app.finish().await;
    }
}

#[tokio::test]
async fn a_limit_is_lowered_to_what_the_balance_buys() {
    let shop = Shop::open("0.006").await;
    shop.upstream.next(answers("Hello"));
    let answer = shop.call(RESPONSES, &responding()).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let sent = shop.upstream.last().json()["max_output_tokens"]
        .as_u64()
        .unwrap();
    assert!((256..1000).contains(&sent), "{sent}");
    assert_eq!(answer.header("x-keypurse-output-limit"), sent.to_string());
}

#[tokio::test]
async fn a_stored_prompt_passes_beside_tools_of_the_request() {
    let shop = Shop::named("openai", "1").await;
    shop.upstream.next(answers("Hello"));
    let body = json!({"model": "gpt-4o", "prompt": {"id": "pmpt_1"}, "tools": []});
    let answer = shop.call(RESPONSES, &body).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn models_that_only_respond_are_called_here_alone() {
    let shop = Shop::named("openai", "100").await;
    shop.upstream.always(answers("Hello"));
    let body = json!({"model": "gpt-5-pro", "input": "Hi", "max_output_tokens": 100,
        "messages": [{"role": "user", "content": "Hi"}]});
    assert_eq!(shop.call(super::CHAT, &body).send().await.status, 404);
    let body = json!({"model": "gpt-5-pro", "input": "Hi", "max_output_tokens": 100});
    let answer = shop.call(RESPONSES, &body).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn a_response_that_failed_and_used_nothing_is_free() {
    let shop = Shop::open("1").await;
    let mut failed = response("", &Value::Null);
    failed["status"] = json!("failed");
    failed["error"] = json!({"code": "server_error", "message": "no"});
    shop.upstream.next(Reply::json(200, &failed));
    let answer = shop.call(RESPONSES, &responding()).send().await;
    assert_eq!(answer.status, 502, "{}", answer.text);
    assert_eq!(shop.charged().await, 0);
    failed["usage"] = used(10, 5);
    shop.upstream.next(Reply::json(200, &failed));
    let answer = shop.call(RESPONSES, &responding()).send().await;
    assert_eq!(
        (answer.status, &answer.json()["status"]),
        (200, &json!("failed"))
    );
    assert_eq!(shop.charged().await, 60_000);
}

#[tokio::test]
async fn a_response_belongs_to_one_provider_so_fallbacks_are_refused() {
    let shop = Shop::open("1").await;
    let asked = with(responding(), "fallbacks", json!(["up/m"]));
    let answer = shop.call(RESPONSES, &asked).send().await;
    let error = &answer.json()["error"];
    assert_eq!(
        (answer.status, &error["code"], &error["param"]),
        (400, &json!("invalid_request"), &json!("fallbacks"))
    );
    assert!(shop.upstream.received().is_empty());
}

#[tokio::test]
async fn what_another_dialects_model_proved_is_not_sent_to_openai() {
    let shop = Shop::open("1").await;
    let foreign =
        r#"{"type":"reasoning","id":"rs_1","encrypted_content":"{\"thought_signature\":\"t\"}"}"#;
    let own = r#"{"type":"reasoning","id":"rs_2","encrypted_content":"gAAAA"}"#;
    let said = r#"{ "role":"assistant", "content":"A\u00e9" }"#;
    for (input, sent) in [
        (
            format!("[{foreign}, {said},{own} ,{foreign}]"),
            format!("[{said},{own}]"),
        ),
        (format!("[ {said},{own}]"), format!("[ {said},{own}]")),
    ] {
        shop.upstream.next(answers("Hello"));
        let body = format!(r#"{{"model":"up/m","input":{input},"max_output_tokens":9}}"#);
        let call = shop.app.post(RESPONSES).key(&shop.secret).json_text(body);
        assert_eq!(call.send().await.status, 200);
        let expected = format!(r#"{{"model":"m","input":{sent},"max_output_tokens":9}}"#);
        assert_eq!(shop.upstream.last().body, expected);
    }
}
