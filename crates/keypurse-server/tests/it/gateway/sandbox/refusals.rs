//! What a live call is refused for, a simulated one is refused for.

use keypurse_server::gateway::{Dialect, GatewayConfig, ProviderKind};
use keypurse_testkit::TestApp;
use keypurse_testkit::upstream::{Reply, ScriptedUpstream, usage};
use serde_json::{Value, json};

use super::super::config;
use super::super::responses::answers;
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
    for (name, models) in [
        ("smart", [CLAUDE, "openai/gpt-4o"]),
        ("claudes", [CLAUDE, "anthropic/claude-sonnet-4-5"]),
    ] {
        let models = models.map(str::to_owned).to_vec();
        config.aliases.insert(name.to_owned(), models);
    }
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
    let respond = |member: &str, value: Value| {
        let mut body = json!({"model": "openai/gpt-4o", "input": "Hi"});
        body[member] = value;
        Call::json("/v1/responses", &body)
    };
    vec![
        chat("claudes", "n", json!(2)),
        chat("openai/gpt-4o", "allowed_providers", json!(["anthropic"])),
        chat("gpt-4o", "allowed_providers", json!(["azure"])),
        chat("smart", "allowed_providers", json!(["azure"])),
        chat("openai/gpt-4o", "fallbacks", json!(["openai/nothing"])),
        chat("openai/gpt-4o", "fallbacks", json!(["up/m"])),
        respond("allowed_providers", json!(["anthropic"])),
        respond("fallbacks", json!(["openai/gpt-4o"])),
        chat(CLAUDE, "n", json!(2)),
        chat(CLAUDE, "logprobs", json!(true)),
        chat(
            CLAUDE,
            "functions",
            json!([{"name": "f", "parameters": {}}]),
        ),
        chat("openai/gpt-3.5-turbo-instruct", "messages", file.clone()),
        Call::json("/v1/messages", &message),
        Call::json(
            "/v1/responses",
            &json!({"model": CLAUDE, "input": "Hi", "conversation": "c"}),
        ),
        Call::json("/v1/responses", &json!({"model": CLAUDE, "input": []})),
        Call::json("/v1/embeddings", &json!({"model": CLAUDE, "input": "Hi"})),
        Call::json("/v1/images/generations", &image),
        Call::json("/v1/images/generations", &flare),
    ]
}

/// The secrets of a live token, a plain sandbox one and one that rehearses.
async fn secrets(shop: &Shop) -> [String; 3] {
    let plain = json!({"name": "s", "token_type": "sandbox_api_token"});
    let rehearsal = json!({"name": "r", "token_type": "sandbox_api_token", "active_balance": true,
        "balance": "1", "simulate_budget": true});
    let (_, plain) = shop.app.create_token(plain).await;
    let (_, rehearsal) = shop.app.create_token(rehearsal).await;
    [shop.secret.clone(), plain, rehearsal]
}

#[tokio::test]
async fn what_a_live_call_is_refused_for_a_simulated_one_is_too() {
    let mut shop = shop().await;
    let [live, plain, rehearsal] = secrets(&shop).await;
    for call in refused() {
        shop.secret.clone_from(&live);
        let expected = call.ask(&shop).await;
        let body = String::from_utf8_lossy(&call.body);
        assert!(expected.status >= 400, "{body}: {}", expected.text);
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
async fn a_simulated_call_is_answered_by_whom_a_live_one_is() {
    let mut shop = shop().await;
    let responding = json!({"model": "smart", "input": "Hi", "top_logprobs": 2});
    let only = |model: &str| chat(model, "allowed_providers", json!(["openai"]));
    let secrets = secrets(&shop).await;
    for (call, reply) in [
        (chat("smart", "n", json!(2)), Reply::chat("A", &usage(1, 9))),
        (Call::json("/v1/responses", &responding), answers("A")),
        (only("smart"), Reply::chat("A", &usage(1, 9))),
        (only("gpt-4o"), Reply::chat("A", &usage(1, 9))),
    ] {
        let asked = shop.upstream.received().len();
        shop.upstream.next(reply);
        for secret in &secrets {
            shop.secret.clone_from(secret);
            let answer = call.ask(&shop).await;
            let body = String::from_utf8_lossy(&call.body);
            assert_eq!(answer.status, 200, "{body}: {}", answer.text);
            assert_eq!(answer.json()["provider"], "openai", "{body}");
        }
        assert_eq!(shop.upstream.received().len(), asked + 1, "the live one");
    }
    let rules = json!({"denied_models": ["anthropic/*"]});
    for (name, secret) in ["t", "s", "r"].into_iter().zip(&secrets) {
        let path = format!("/v2/user/custom_token/{name}/");
        let changed = shop.app.patch(&path).json(&rules).send().await;
        assert_eq!(changed.status, 200, "{}", changed.text);
        shop.secret.clone_from(secret);
        let answer = chat("smart", "n", json!(1)).ask(&shop).await;
        assert_eq!(answer.json()["provider"], "openai", "what is permitted");
    }
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
    assert_eq!(ask(&respond(CLAUDE)).await, 200);
    assert_eq!(ask(&respond("openai/gpt-4o")).await, 200);
    // The simulator's own names stand for nobody.
    assert_eq!(ask(&respond("sandbox/echo")).await, 200);
    assert_eq!(ask(&chat("sandbox/echo", "n", json!(2))).await, 200);
    assert_eq!(ask(&chat("sandbox/rate_limit", "n", json!(2))).await, 429);
    // Those that are allowed are, and the simulator's own always are.
    let only = |model: &str, provider: &str| chat(model, "allowed_providers", json!([provider]));
    assert_eq!(ask(&only("gpt-4o", "azure")).await, 200);
    assert_eq!(ask(&only("gpt-4o", "anthropic")).await, 404);
    assert_eq!(ask(&only("openai/gpt-4o", "openai")).await, 200);
    assert_eq!(ask(&only("openai/gpt-4o", "azure")).await, 404);
    assert_eq!(ask(&only("sandbox/echo", "openai")).await, 200);
    let cheapest = chat("gpt-4o", "routing", json!({"sort": "price"}));
    assert_eq!(ask(&cheapest).await, 200);
    let list = app.get("/v1/responses/models").send().await.json();
    let listed = list["data"].as_array().unwrap().iter();
    let owners: Vec<&str> = listed
        .map(|model| model["owned_by"].as_str().unwrap())
        .collect();
    assert!(owners.contains(&"openai") && owners.contains(&"anthropic"));
}
