//! What terminal agents send: tools they run themselves, and items of earlier
//! turns.

use serde_json::{Value, json};

use super::responses::{RESPONSES, answers, responding};
use super::{Shop, token_of, with};

fn function() -> Value {
    json!({"type": "function", "name": "f", "parameters": {"type": "object"}})
}

/// The parameter and the message of a refusal for want of a price.
async fn refusal(shop: &Shop, body: &Value) -> (String, String) {
    let answer = shop.call(RESPONSES, body).send().await;
    assert_eq!(answer.status, 400, "{body}: {}", answer.text);
    let error = answer.json()["error"].clone();
    assert_eq!(error["code"], "unpriced_parameter", "{error}");
    let text = |member: &str| error[member].as_str().unwrap().to_owned();
    (text("param"), text("message"))
}

#[tokio::test]
async fn tools_that_a_client_runs_pass_wherever_they_stand() {
    let mut shop = Shop::open("1").await;
    shop.upstream.always(answers("Hello"));
    let named = json!({"type": "namespace", "name": "n", "description": "d",
        "tools": [function(), {"type": "custom", "name": "g"}]});
    let tools = json!([
        function(),
        named,
        {"type": "namespace", "name": "o", "description": "d", "tools": [named]},
        {"type": "tool_search", "execution": "client", "description": "d", "parameters": {}},
        {"type": "shell", "environment": {"type": "local"}},
        {"type": "local_shell"},
        {"type": "apply_patch"},
    ]);
    let input = json!([
        {"role": "user", "content": "Hi"},
        {"type": "additional_tools", "role": "developer", "tools": tools},
        {"type": "tool_search_call", "call_id": "c", "execution": "client", "arguments": {}},
        {"type": "tool_search_output", "call_id": "c", "execution": "client", "tools": tools},
    ]);
    let body = with(with(responding(), "tools", tools.clone()), "input", input);
    let answer = shop.call(RESPONSES, &body).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(shop.upstream.last().json()["tools"], tools);
    let sandboxed = json!({"name": "s", "token_type": "sandbox_api_token"});
    (_, shop.secret) = shop.app.create_token(sandboxed).await;
    shop.token = token_of(&shop.app, &shop.secret).await;
    let answer = shop.call(RESPONSES, &body).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn tools_with_a_fee_are_refused_wherever_they_stand_and_named() {
    let shop = Shop::open("1").await;
    for (tools, place, kind) in [
        (json!([{"type": "web_search"}]), "[0]", "web_search"),
        (
            json!([function(), function(), {"type": "mcp", "server_label": "x"}]),
            "[2]",
            "mcp",
        ),
        (
            json!([{"type": "code_interpreter", "container": {"type": "auto"}}]),
            "[0]",
            "code_interpreter",
        ),
        (
            json!([{"type": "namespace", "name": "n", "tools": [function(),
                {"type": "namespace", "name": "m", "tools": [{"type": "web_search"}]}]}]),
            "[0].tools[1].tools[0]",
            "web_search",
        ),
        (json!([{"type": "tool_search"}]), "[0]", "tool_search"),
        (
            json!([{"type": "tool_search", "execution": "server"}]),
            "[0]",
            "tool_search",
        ),
        (json!([{"type": "shell"}]), "[0]", "shell"),
        (
            json!([{"type": "shell", "environment": {"type": "container_auto"}}]),
            "[0]",
            "shell",
        ),
    ] {
        let (param, message) = refusal(&shop, &with(responding(), "tools", tools.clone())).await;
        assert_eq!(param, "tools");
        let says = format!("`tools{place}` is of type `{kind}`");
        assert!(message.contains(&says), "{message}");
        assert!(message.contains("`apply_patch`"), "{message}");
        for item in ["additional_tools", "tool_search_output", "yet_unknown"] {
            let input = json!([{"role": "user", "content": "Hi"},
                {"type": item, "role": "developer", "call_id": "c", "tools": tools}]);
            let (param, message) = refusal(&shop, &with(responding(), "input", input)).await;
            assert_eq!(param, "input");
            let says = format!("`input[1].tools{place}` is of type `{kind}`");
            assert!(message.contains(&says), "{message}");
        }
    }
    assert!(shop.upstream.received().is_empty());
    assert_eq!(shop.balance().await, "1.0");
}

/// $0.1 does not cover the 128,000 tokens that `gpt-4o` reads at most.
#[tokio::test]
async fn items_of_text_are_held_by_their_bytes() {
    let shop = Shop::named("openai", "0.1").await;
    shop.upstream.always(answers("Hello"));
    for item in [
        json!({"type": "additional_tools", "role": "developer", "tools": [function()]}),
        json!({"type": "tool_search_call", "call_id": "c", "arguments": {"query": "x"}}),
        json!({"type": "tool_search_output", "call_id": "c", "tools": [function()]}),
        json!({"type": "web_search_call", "id": "w", "action": {"type": "search", "query": "x"}}),
        json!({"type": "compaction", "encrypted_content": "abc"}),
        json!({"type": "compaction_trigger"}),
        json!({"type": "shell_call", "call_id": "c", "action": {"commands": ["ls"]}}),
        json!({"type": "shell_call_output", "call_id": "c", "output": [{"stdout": "a",
            "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}]}),
    ] {
        let input = json!([{"role": "user", "content": "Hi"}, item]);
        let body = json!({"model": "gpt-4o", "input": input, "max_output_tokens": 16});
        let answer = shop.call(RESPONSES, &body).send().await;
        assert_eq!(answer.status, 200, "{item}: {}", answer.text);
    }
    let long = json!([{"type": "compaction", "encrypted_content": "1".repeat(150_000)}]);
    let unknown = json!([{"type": "yet_unknown"}]);
    for input in [long, unknown] {
        let body = json!({"model": "gpt-4o", "input": input, "max_output_tokens": 16});
        assert_eq!(shop.call(RESPONSES, &body).send().await.status, 402);
    }
}

/// It reads the input a second time within the response.
#[tokio::test]
async fn compaction_within_a_response_is_refused() {
    let shop = Shop::open("1").await;
    let compaction = json!([{"type": "compaction", "compact_threshold": 1000}]);
    let body = with(responding(), "context_management", compaction);
    let (param, message) = refusal(&shop, &body).await;
    assert_eq!(param, "context_management");
    assert!(message.contains("compaction"), "{message}");
    assert!(shop.upstream.received().is_empty());
}
