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
    assert!(
        is("openai/text-embedding-3-small").is_none(),
        "chat models only"
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
