//! Names: aliases, and models that several providers serve.

use keypurse_server::gateway::{Gateway, GatewayConfig};
use keypurse_testkit::TestApp;
use keypurse_testkit::upstream::{Reply, usage};
use serde_json::{Value, json};

use super::super::CHAT;
use super::{Mall, broken, hello, with};

fn alias(config: &mut GatewayConfig, name: &str, models: &[&str]) {
    let models = models.iter().map(|model| (*model).to_owned()).collect();
    config.aliases.insert(name.to_owned(), models);
}

fn named(model: &str) -> Value {
    with(hello(), "model", json!(model))
}

#[tokio::test]
async fn an_alias_is_called_listed_and_ruled_as_the_model_it_stands_for() {
    let mall = Mall::with("1", |config| alias(config, "fast", &["up/out"])).await;
    let answer = mall.shop.ask(&named("fast")).await;
    assert_eq!(
        (answer.status, answer.header("x-keypurse-cost")),
        (200, "0.00002")
    );
    assert_eq!(mall.shop.upstream.last().json()["model"], "out");
    assert_eq!(mall.booked().await[0].0, "up/out");
    let list = mall.shop.app.get("/v1/models").send().await.json();
    let listed = list["data"].as_array().unwrap().iter();
    let expected = json!({"id": "fast", "object": "model", "created": 0, "owned_by": "up",
        "available": true, "alias_of": ["up/out"]});
    assert_eq!(listed.clone().last(), Some(&expected));
    let one = mall.shop.app.get("/v1/models/fast").send().await.json();
    assert_eq!(one["id"], "up/out");
    let rules = json!({"denied_models": ["up/out"]});
    let path = "/v2/user/custom_token/t/";
    assert_eq!(
        mall.shop.app.patch(path).json(&rules).send().await.status,
        200
    );
    assert_eq!(mall.shop.ask(&named("fast")).await.status, 403);
}

#[tokio::test]
async fn an_alias_of_several_models_falls_back_by_itself() {
    let mall = Mall::with("1", |config| alias(config, "best", &["up/m", "other/m"])).await;
    mall.shop.upstream.next(broken());
    let answer = mall.shop.ask(&named("best")).await;
    assert_eq!(
        (answer.status, &answer.json()["provider"]),
        (200, &json!("other"))
    );
    let rules = json!({"denied_models": ["up/*"]});
    let path = "/v2/user/custom_token/t/";
    assert_eq!(
        mall.shop.app.patch(path).json(&rules).send().await.status,
        200
    );
    let permitted = mall.shop.ask(&named("best")).await;
    assert_eq!(
        permitted.json()["provider"],
        "other",
        "what is permitted of it"
    );
    assert_eq!(mall.asked(), (1, 2));
}

#[tokio::test]
async fn a_sandbox_token_calls_an_alias_without_its_provider() {
    let mut config = GatewayConfig::default();
    alias(&mut config, "fast", &["openai/gpt-4o-mini"]);
    let gateway = Gateway::new(config).unwrap();
    let app = TestApp::builder().gateway(gateway).build().await;
    let body = json!({"name": "s", "token_type": "sandbox_api_token"});
    let (_, secret) = app.create_token(body).await;
    let request = with(named("fast"), "fallbacks", json!(["openai/gpt-4o"]));
    let answer = app.post(CHAT).key(&secret).json(&request).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json()["provider"], "openai");
}

#[test]
fn an_alias_that_leads_nowhere_is_told_at_the_start() {
    let mut config = GatewayConfig::default();
    alias(&mut config, "fast", &["nobody/m"]);
    let error = Gateway::new(config).unwrap_err().to_string();
    assert!(
        error.contains("alias `fast`") && error.contains("provider `nobody`"),
        "{error}"
    );
    let mut config = GatewayConfig::default();
    config
        .max_concurrency
        .insert("up".to_owned(), 1.try_into().unwrap());
    let error = Gateway::new(config).unwrap_err().to_string();
    assert!(
        error.contains("provider `up`, which is not configured"),
        "{error}"
    );
}

#[tokio::test]
async fn providers_of_one_model_are_put_in_the_order_asked_for() {
    let mall = Mall::with("1", |config| {
        // Dearest first by name, so that the order tells.
        config.prices[0].provider = "up".to_owned();
    })
    .await;
    let ask = async |body: Value| mall.shop.ask(&body).await.json()["provider"].clone();
    assert_eq!(ask(named("m")).await, "other", "alone the first by name");
    let sorted = |sort: &str| with(named("m"), "routing", json!({"sort": sort}));
    assert_eq!(ask(sorted("price")).await, "up");
    let only = with(named("m"), "allowed_providers", json!(["up"]));
    assert_eq!(ask(only).await, "up");
    let only = with(
        named("m"),
        "routing",
        json!({"allowed_providers": ["other"]}),
    );
    assert_eq!(ask(only).await, "other");
    mall.shop.upstream.next(broken());
    assert_eq!(
        ask(sorted("price")).await,
        "other",
        "the others are its fallbacks"
    );
    for sort in ["latency", "throughput"] {
        let provider = ask(sorted(sort)).await;
        assert!(
            ["up", "other"].map(Value::from).contains(&provider),
            "{provider}"
        );
    }
    let nobody = with(named("m"), "allowed_providers", json!(["openai"]));
    let refused = mall.shop.ask(&nobody).await;
    assert_eq!(refused.status, 404);
    assert!(
        refused.text.contains("allowed_providers"),
        "{}",
        refused.text
    );
}

#[tokio::test]
async fn who_has_answered_is_preferred_to_who_has_not_been_asked() {
    let mall = Mall::open("1").await;
    mall.shop.upstream.always(Reply::chat("A", &usage(1, 9)));
    assert_eq!(mall.shop.ask(&hello()).await.status, 200);
    for sort in ["latency", "throughput"] {
        let request = with(named("m"), "routing", json!({"sort": sort}));
        let answer = mall.shop.ask(&request).await;
        assert_eq!(answer.json()["provider"], "up", "{sort}");
    }
}
