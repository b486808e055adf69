//! The list of models.

use keypurse_server::gateway::{
    Gateway, GatewayConfig, ModelPrice, ProviderConfig, ProviderKind, StreamHold,
};
use keypurse_testkit::TestApp;
use keypurse_testkit::upstream::ScriptedUpstream;
use serde_json::json;

use super::{CHAT, Shop, price};

#[tokio::test]
async fn the_list_is_public_and_shows_what_can_be_called_at_which_price() {
    let shop = Shop::open("1").await;
    for path in ["/v1/models", "/v1/models/", "/v3/models", "/v3/models/"] {
        let answer = shop.app.get(path).without_key().send().await;
        assert_eq!(answer.status, 200, "{path}");
        let list = answer.json();
        assert_eq!(list["object"], "list");
        assert_eq!(
            list["data"],
            json!([
                {"id": "up/m", "object": "model", "created": 0, "owned_by": "up", "available": true,
                 "pricing": {"input_per_million": "1.0", "output_per_million": "10.0", "currency": "USD"},
                 "max_output_tokens": 1000},
                {"id": "up/out", "object": "model", "created": 0, "owned_by": "up", "available": true,
                 "pricing": {"input_per_million": "0.0", "output_per_million": "1.0", "currency": "USD"},
                 "max_output_tokens": 1000},
            ]),
            "{path}"
        );
    }
    let wrong = shop.app.post("/v1/models").send().await;
    assert_eq!((wrong.status, wrong.header("allow")), (405, "GET,HEAD"));
}

#[tokio::test]
async fn without_a_provider_the_catalogue_is_listed_for_sandbox_tokens() {
    let app = TestApp::new().await;
    let list = app.get("/v1/models").without_key().send().await.json();
    let models = list["data"].as_array().unwrap();
    let is = |id: &str| models.iter().find(|model| model["id"] == id);
    let model = is("openai/gpt-4o").expect("a model everyone knows");
    assert_eq!(model["available"], false);
    assert_eq!(model["pricing"]["input_per_million"], "2.5");
    assert_eq!(model["mode"], "chat");
    let vectors = is("openai/text-embedding-3-small").expect("not only chat");
    assert_eq!(vectors["mode"], "embedding");
    assert!(
        is("openai/gpt-4o-realtime-preview").is_none(),
        "no route for it"
    );
}

/// The ids of a list.
async fn ids(app: &TestApp, path: &str) -> Vec<String> {
    let answer = app.get(path).without_key().send().await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    let list = answer.json();
    let ids = list["data"].as_array().unwrap().iter();
    ids.map(|model| model["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn each_route_lists_the_models_that_answer_it() {
    let app = TestApp::new().await;
    for (route, listed, not_listed) in [
        ("chat/completions", "openai/gpt-4o", "openai/gpt-5-pro"),
        (
            "responses",
            "openai/gpt-5-pro",
            "openai/text-embedding-3-small",
        ),
        (
            "embeddings",
            "openai/text-embedding-3-small",
            "openai/gpt-4o",
        ),
        ("moderations", "openai/moderation", "openai/gpt-4o"),
    ] {
        for path in [
            format!("/v3/{route}/models"),
            format!("/v1/{route}/models/"),
        ] {
            let ids = ids(&app, &path).await;
            assert!(ids.iter().any(|id| id == listed), "{path}: {listed}");
            assert!(
                ids.iter().all(|id| id != not_listed),
                "{path}: {not_listed}"
            );
        }
    }
    let unknown = app.get("/v3/video/models").send().await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn a_view_by_models_names_each_once_with_who_serves_it() {
    let app = TestApp::new().await;
    let path = "/v3/chat/completions/models?view=models";
    let list = app.get(path).without_key().send().await.json();
    let models = list["data"].as_array().unwrap();
    let named: Vec<_> = models
        .iter()
        .filter(|model| model["id"] == "gpt-4o")
        .collect();
    let [model] = named.as_slice() else {
        panic!("once: {named:?}")
    };
    let serving = model["providers"].as_array().unwrap();
    let owners: Vec<_> = serving.iter().map(|it| it["owned_by"].as_str()).collect();
    assert!(
        owners.contains(&Some("openai")) && owners.len() > 1,
        "{owners:?}"
    );
    assert_eq!(serving[0]["pricing"]["currency"], "USD");
    let wrong = app.get("/v1/models?view=x").send().await;
    assert_eq!(
        (wrong.status, &wrong.json()["error"]["param"]),
        (400, &json!("view"))
    );
    assert_eq!(
        ids(&app, "/v1/models?view=providers").await,
        ids(&app, "/v1/models").await
    );
}

#[tokio::test]
async fn one_model_is_found_by_any_name_that_calls_it() {
    let shop = Shop::open("1").await;
    for name in ["up/m", "m", "m/"] {
        let answer = shop
            .app
            .get(&format!("/v1/models/{name}"))
            .without_key()
            .send()
            .await;
        assert_eq!(
            (answer.status, answer.json()["id"].clone()),
            (200, json!("up/m")),
            "{name}"
        );
    }
    let other = shop.app.get("/v3/models/openai/gpt-4o").send().await.json();
    assert_eq!(
        (&other["id"], &other["available"]),
        (&json!("openai/gpt-4o"), &json!(false))
    );
    assert_eq!(shop.app.get("/v1/models/nothing").send().await.status, 404);
    assert_eq!(shop.app.get("/v1/models/up/other").send().await.status, 503);
}

#[tokio::test]
async fn a_client_of_anthropics_gets_its_own_form() {
    let shop = Shop::open("1").await;
    let model = |id: &str| {
        json!({"type": "model", "id": id, "display_name": id,
            "created_at": "1970-01-01T00:00:00Z"})
    };
    let version = ("anthropic-version", "2023-06-01");
    let key = ("x-api-key", "any");
    for path in ["/v1/models", "/v3/v1/models"] {
        for (name, value) in [version, key] {
            let request = shop.app.get(path).without_key().header(name, value);
            let list = request.send().await.json();
            let data = json!([model("up/m"), model("up/out")]);
            let expected = json!({"data": data, "has_more": false, "first_id": "up/m",
                "last_id": "up/out"});
            assert_eq!(list, expected, "{path} {name}");
        }
        let one = format!("{path}/m");
        let request = shop.app.get(&one).header(version.0, version.1);
        assert_eq!(request.send().await.json(), model("up/m"));
        let none = format!("{path}/nothing");
        let refused = shop.app.get(&none).header(version.0, version.1);
        assert_eq!(refused.send().await.json()["type"], "error");
        // With both, it is anybody's.
        let request = shop.app.get(path).header(key.0, key.1);
        assert_eq!(request.send().await.json()["object"], "list", "{path}");
    }
    // Without a provider the catalogue is listed: what a message can be sent to.
    let app = TestApp::new().await;
    let request = app.get("/v1/models").header(version.0, version.1);
    let list = request.send().await.json();
    let data = list["data"].as_array().unwrap();
    let has = |id: &str| data.iter().any(|model| model["id"] == id);
    assert!(has("anthropic/claude-haiku-4-5"));
    assert!(!has("openai/text-embedding-3-small"));
    assert_eq!(list["last_id"], data.last().unwrap()["id"]);
}

#[tokio::test]
async fn a_bare_name_with_several_prices_leads_to_the_first_provider_by_name() {
    let prices = ["up", "west", "also", "zeta"].map(|provider| ModelPrice {
        provider: provider.to_owned(),
        ..price("m", "1", "10")
    });
    // Hash maps differ in their order from one to the next.
    for _ in 0..8 {
        let upstream = ScriptedUpstream::start().await;
        let mut config = super::config(&upstream);
        config.prices = prices.to_vec();
        for name in ["zeta", "west", "also"] {
            let provider = ProviderConfig {
                name: name.to_owned(),
                ..config.providers[0].clone()
            };
            config.providers.push(provider);
        }
        let shop = Shop::of(upstream, config, "1").await;
        let model = shop.app.get("/v1/models/m").send().await.json();
        assert_eq!(model["id"], "also/m");
    }
}

#[tokio::test]
async fn the_demo_provider_is_paid_like_any_other() {
    let demo = ProviderConfig {
        name: "demo".to_owned(),
        kind: ProviderKind::Demo,
        free: false,
        stream_hold: StreamHold::ByModel,
    };
    let config = GatewayConfig {
        providers: vec![demo],
        ..GatewayConfig::default()
    };
    let app = TestApp::builder()
        .gateway(Gateway::new(config).unwrap())
        .build()
        .await;
    let body = json!({"name": "t", "active_balance": true, "balance": "0.01"});
    let (_, secret) = app.create_token(body).await;
    let mut balance = 10_000_000;
    for round in 0.. {
        let body = json!({"model": "demo/echo", "stream": round % 2 == 1,
            "messages": [{"role": "user", "content": "Hello, what do you cost?"}]});
        let answer = app.post(CHAT).key(&secret).json(&body).send().await;
        app.settled().await;
        let token = super::token_of(&app, &secret).await;
        let left = app
            .state()
            .store
            .token_by_id(token)
            .await
            .unwrap()
            .unwrap()
            .balance
            .nanos();
        if answer.status == 402 {
            assert_eq!(left, balance);
            assert!((3..=10).contains(&round), "a cent buys a handful: {round}");
            break;
        }
        assert_eq!(answer.status, 200, "{}", answer.text);
        let is_told = |answer: &str, cost: i64| {
            answer.contains(&keypurse_core::money::Money::from_nanos(cost).to_string())
        };
        assert!(
            left < balance && is_told(&answer.text, balance - left),
            "{}",
            answer.text
        );
        balance = left;
    }
    app.finish().await;
}

#[tokio::test]
async fn a_free_provider_needs_no_price_and_takes_no_money() {
    let upstream = keypurse_testkit::upstream::ScriptedUpstream::start().await;
    let mut config = super::config(&upstream);
    config.providers[0].free = true;
    config.prices.clear();
    let shop = Shop::of(upstream, config, "0").await;
    for body in [
        super::hello(),
        super::with(super::hello(), "model", json!("up/anything")),
    ] {
        let answer = shop.ask(&body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.header("x-keypurse-cost"), "0.0");
    }
    assert_eq!(
        shop.upstream.last().json()["max_tokens"],
        4096,
        "a limit is sent all the same"
    );
    assert_eq!(shop.balance().await, "0.0");
}
