//! What a live call is refused for, a simulated one is refused for.

use keypurse_server::gateway::{Dialect, GatewayConfig, ProviderKind};
use keypurse_testkit::TestApp;
use keypurse_testkit::upstream::ScriptedUpstream;
use serde_json::{Value, json};

use super::super::config;
use super::{Call, Shop};

const CLAUDE: &str = "anthropic/claude-haiku-4-5";
const CHAT: &str = "/v1/chat/completions";

/// `openai` and `anthropic`, which speak their own dialects.
async fn shop() -> Shop {
    let upstream = ScriptedUpstream::start().await;
    let mut config = config(&upstream);
    config.prices.clear();
    let mut second = config.providers[0].clone();
    "openai".clone_into(&mut config.providers[0].name);
    "anthropic".clone_into(&mut second.name);
    let ProviderKind::Http(settings) = &mut second.kind else {
        panic!("a provider over HTTP")
    };
    settings.dialect = Dialect::Anthropic;
    config.providers.push(second);
    Shop::of(upstream, config, "1").await
}

fn chat(model: &str, member: &str, value: Value) -> Call {
    let mut body = json!({"model": model, "messages": [{"role": "user", "content": "Hi"}]});
    body[member] = value;
    Call::json(CHAT, &body)
}

/// Calls that are refused before they leave.
fn refused() -> Vec<Call> {
    let file = json!([{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": "https://x/a.png", "detail": "original"}}]}]);
    let tool = json!({"type": "text_editor_20250728", "name": "str_replace_based_edit_tool"});
    let message = json!({"model": "openai/gpt-4o", "max_tokens": 50, "tools": [tool],
        "messages": [{"role": "user", "content": "Hi"}]});
    let image = json!({"model": "openai/gpt-image-1.5", "prompt": "A", "size": "64x64"});
    let flare = json!({"model": "openai/gpt-image-2.5-flare", "prompt": "A"});
    vec![
        chat(CLAUDE, "n", json!(2)),
        chat(CLAUDE, "response_format", json!({"type": "json_object"})),
        chat(CLAUDE, "logprobs", json!(true)),
        chat(
            CLAUDE,
            "functions",
            json!([{"name": "f", "parameters": {}}]),
        ),
        chat("openai/gpt-3.5-turbo-instruct", "messages", file.clone()),
        Call::json("/v1/messages", &message),
        Call::json("/v1/responses", &json!({"model": CLAUDE, "input": "Hi"})),
        Call::json("/v1/embeddings", &json!({"model": CLAUDE, "input": "Hi"})),
        Call::json("/v1/images/generations", &image),
        Call::json("/v1/images/generations", &flare),
    ]
}

#[tokio::test]
async fn what_a_live_call_is_refused_for_a_simulated_one_is_too() {
    let mut shop = shop().await;
    let live = shop.secret.clone();
    let plain = json!({"name": "s", "token_type": "sandbox_api_token"});
    let rehearsal = json!({"name": "r", "token_type": "sandbox_api_token", "active_balance": true,
        "balance": "1", "simulate_budget": true});
    let (_, plain) = shop.app.create_token(plain).await;
    let (_, rehearsal) = shop.app.create_token(rehearsal).await;
    for call in refused() {
        shop.secret.clone_from(&live);
        let expected = call.ask(&shop).await;
        let body = String::from_utf8_lossy(&call.body);
        assert!(
            (400..500).contains(&expected.status),
            "{body}: {}",
            expected.text
        );
        for secret in [&plain, &rehearsal] {
            shop.secret.clone_from(secret);
            let answer = call.ask(&shop).await;
            assert_eq!(answer.text, expected.text, "{body}");
            assert_eq!(answer.status, expected.status, "{body}");
        }
    }
    assert!(shop.upstream.received().is_empty());
    let path = "/v2/user/custom_token/r/";
    let balance = shop.app.get(path).send().await.json()["balance"].clone();
    assert_eq!(balance, json!(1.0), "nothing was charged");
    shop.app.finish().await;
}

#[tokio::test]
async fn a_provider_that_is_not_configured_is_simulated_in_its_own_dialect() {
    let app = TestApp::builder()
        .gateway(keypurse_server::gateway::Gateway::new(GatewayConfig::default()).unwrap())
        .build()
        .await;
    let body = json!({"name": "s", "token_type": "sandbox_api_token"});
    let (_, secret) = app.create_token(body).await;
    let ask = async |call: &Call| {
        let request = app.post(call.path).key(&secret);
        let request = request.header("content-type", call.content_type);
        request.body(call.body.clone()).send().await.status
    };
    let respond =
        |model: &str| Call::json("/v1/responses", &json!({"model": model, "input": "Hi"}));
    assert_eq!(ask(&chat(CLAUDE, "n", json!(1))).await, 200);
    assert_eq!(ask(&chat(CLAUDE, "n", json!(2))).await, 400);
    assert_eq!(ask(&respond(CLAUDE)).await, 404);
    assert_eq!(ask(&respond("openai/gpt-4o")).await, 200);
    // The simulator's own names stand for nobody.
    assert_eq!(ask(&respond("sandbox/echo")).await, 200);
    assert_eq!(ask(&chat("sandbox/echo", "n", json!(2))).await, 200);
    assert_eq!(ask(&chat("sandbox/rate_limit", "n", json!(2))).await, 429);
    let list = app.get("/v1/responses/models").send().await.json();
    let listed = list["data"].as_array().unwrap().iter();
    let owners: Vec<&str> = listed
        .map(|model| model["owned_by"].as_str().unwrap())
        .collect();
    assert!(owners.contains(&"openai") && !owners.contains(&"anthropic"));
}
