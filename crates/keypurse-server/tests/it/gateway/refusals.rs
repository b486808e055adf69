//! What is refused before any money is set aside.

use keypurse_testkit::TestApp;
use serde_json::{Value, json};

use super::{CHAT, Shop, hello, with};

/// Status, code and param of an error in OpenAI's shape.
async fn refused(shop: &Shop, body: &Value) -> (u16, String, String) {
    let answer = shop.ask(body).await;
    let error = answer.json()["error"].clone();
    let text = |member: &str| error[member].as_str().unwrap_or("").to_owned();
    assert!(
        !text("message").is_empty() && !text("type").is_empty(),
        "{error}"
    );
    (answer.status, text("code"), text("param"))
}

#[tokio::test]
async fn l8_options_that_change_the_price_are_refused_and_the_upstream_sees_nothing() {
    let shop = Shop::open("1").await;
    for (param, value) in [
        ("service_tier", json!("priority")),
        ("service_tier", json!("fast")),
        ("service_tier", json!("flex")),
        ("service_tier", json!("scale")),
        ("service_tier", json!("batch")),
        ("service_tier", json!(1)),
        ("inference_geo", json!("us")),
        ("prediction", json!({"type": "content", "content": "x"})),
        ("candidate_count", json!(2)),
        ("search_type", json!("pro")),
        ("processing", json!("batch")),
        ("batch", json!(true)),
        ("container", json!("c1")),
        ("mcp_servers", json!([{"url": "https://example.com"}])),
        ("file_ids", json!(["f1"])),
        ("previous_response_id", json!("r1")),
        ("use_beam_search", json!(true)),
        ("enable_search", json!(true)),
        ("web_search", json!(true)),
        ("web_search_options", json!({"search_context_size": "low"})),
        ("extra_body", json!({"google": {"cached_content": "c1"}})),
        ("modalities", json!(["text", "image"])),
        ("tools", json!([{"type": "web_search_preview"}])),
        ("tools", json!([{"type": "file_search"}])),
        ("tools", json!([{"type": "code_interpreter"}])),
        ("tools", json!([{"type": "image_generation"}])),
        ("tools", json!([{"type": "computer_use_preview"}])),
        ("speed", json!("fast")),
        ("modalities", json!(["text", "audio"])),
        ("audio", json!({"voice": "alloy", "format": "wav"})),
        ("web_search_options", json!({})),
        ("search_parameters", json!({"mode": "on"})),
        ("tools", json!([{"type": "web_search"}])),
        (
            "tools",
            json!([{"type": "function", "function": {"name": "f"}}, {"type": "mcp"}]),
        ),
        ("models", json!(["up/m", "up/dear"])),
        ("route", json!("fallback")),
        ("plugins", json!([{"id": "web"}])),
        ("provider", json!({"order": ["x"]})),
        ("best_of", json!(4)),
        ("cached_content", json!("cachedContents/1")),
    ] {
        let answer = refused(&shop, &with(hello(), param, value.clone())).await;
        let expected = (400, "unpriced_parameter".to_owned(), param.to_owned());
        assert_eq!(answer, expected, "{param}: {value}");
    }
    let image = json!([{"role": "user", "content": [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
    ]}]);
    let answer = refused(&shop, &with(hello(), "messages", image)).await;
    assert_eq!(
        answer,
        (400, "unpriced_parameter".to_owned(), "messages".to_owned())
    );
    assert!(shop.upstream.received().is_empty());
    assert_eq!(shop.balance().await, "1.0");
}

#[tokio::test]
async fn the_same_options_at_their_usual_values_pass() {
    let shop = Shop::open("1").await;
    for (param, value) in [
        ("service_tier", json!("auto")),
        ("service_tier", json!("default")),
        ("service_tier", json!(null)),
        ("speed", json!("standard")),
        ("modalities", json!(["text"])),
        ("audio", json!(null)),
        ("web_search_options", json!(null)),
        ("enable_search", json!(false)),
        ("inference_geo", json!("global")),
        (
            "extra_body",
            json!({"google": {"thinking_config": {"thinking_budget": 9}}}),
        ),
        (
            "tools",
            json!([{"type": "function", "function": {"name": "f"}}, {"type": "custom", "custom": {"name": "c"}}]),
        ),
        (
            "messages",
            json!([{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]),
        ),
    ] {
        let answer = shop.ask(&with(hello(), param, value.clone())).await;
        assert_eq!(answer.status, 200, "{param}: {value}: {}", answer.text);
        assert_eq!(shop.upstream.last().json()[param], value);
    }
    assert_eq!(shop.balance().await, "0.99748");
}

#[tokio::test]
async fn where_a_call_goes_is_not_the_clients_to_say() {
    let shop = Shop::open("1").await;
    for param in [
        "api_base",
        "base_url",
        "api_key",
        "organization",
        "extra_headers",
    ] {
        let body = with(hello(), param, json!("http://169.254.169.254/"));
        let expected = (400, "invalid_request".to_owned(), param.to_owned());
        assert_eq!(refused(&shop, &body).await, expected);
    }
    assert!(shop.upstream.received().is_empty());
}

#[tokio::test]
async fn an_unknown_model_is_404_and_an_unpriced_one_shows_the_lines_to_add() {
    let shop = Shop::open("1").await;
    for (model, status, code, says) in [
        ("no-such-model", 404, "model_not_found", "is not known"),
        ("nobody/model", 404, "model_not_found", "is not known"),
        (
            "openai/gpt-4o",
            404,
            "model_not_found",
            "`openai`, which is not configured",
        ),
        ("gpt-4o", 404, "model_not_found", "`openai"),
        (
            "up/other",
            503,
            "model_unpriced",
            "[[prices]]\nmodel = \"up/other\"\n",
        ),
        (
            "up/a\"b",
            503,
            "model_unpriced",
            "[[prices]]\nmodel = \"up/a\\\"b\"\n",
        ),
    ] {
        let answer = shop.ask(&with(hello(), "model", json!(model))).await;
        let error = answer.json()["error"].clone();
        assert_eq!(
            (answer.status, error["code"].as_str().unwrap()),
            (status, code),
            "{model}"
        );
        assert!(
            error["message"].as_str().unwrap().contains(says),
            "{model}: {error}"
        );
        assert_eq!(error["param"], "model");
    }
    assert!(shop.upstream.received().is_empty());
    assert_eq!(shop.balance().await, "1.0");
}

#[tokio::test]
async fn an_unpriced_model_of_a_provider_on_this_machine_may_be_free() {
    for (name, is_told) in [("ollama", true), ("elsewhere", false)] {
        let shop = Shop::named(name, "1").await;
        let body = with(hello(), "model", json!(format!("{name}/llama3.2")));
        let answer = shop.ask(&body).await;
        let error = answer.json()["error"].clone();
        assert_eq!(
            (answer.status, &error["code"]),
            (503, &json!("model_unpriced"))
        );
        let message = error["message"].as_str().unwrap();
        assert_eq!(message.contains("`free = true`"), is_told, "{message}");
    }
}

#[tokio::test]
async fn a_wrong_key_is_401_and_too_many_are_429() {
    let app = TestApp::new().await;
    let mistyped = "kp_live_00000000000000000000000000000000000000";
    for attempt in 0..22 {
        let answer = app.post(CHAT).key(mistyped).json(&hello()).send().await;
        let error = answer.json()["error"].clone();
        if attempt < 20 {
            assert_eq!(
                (answer.status, &error["code"]),
                (401, &json!("invalid_api_key"))
            );
            assert_eq!(error["type"], "authentication_error");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        } else {
            assert_eq!(
                (answer.status, &error["code"]),
                (429, &json!("rate_limited"))
            );
            assert!(!answer.header("retry-after").is_empty());
        }
    }
    let none = app.post(CHAT).without_key().json(&hello()).send().await;
    assert_eq!(none.status, 401, "no key is no guess");
    let good = app
        .post(CHAT)
        .json(&with(hello(), "model", json!("x/y")))
        .send()
        .await;
    assert_eq!(
        good.status, 404,
        "a valid key is not refused for others' failures"
    );
}

#[tokio::test]
async fn the_first_thing_wrong_is_what_is_said() {
    let shop = Shop::open("0").await;
    let unpriced = with(
        with(hello(), "model", json!("no/model")),
        "best_of",
        json!(3),
    );
    let wrong = shop.app.get(CHAT).without_key().send().await;
    assert_eq!((wrong.status, wrong.header("allow")), (405, "POST"));
    let wrong = shop.app.post("/v1/chat/nothing").without_key().send().await;
    assert_eq!(wrong.status, 404);
    let wrong = shop.app.post(CHAT).without_key().body("{").send().await;
    assert_eq!(wrong.status, 401);
    let wrong = shop.request(&hello()).body("{").send().await;
    assert_eq!(wrong.status, 400);
    assert_eq!(shop.ask(&unpriced).await.status, 404);
    assert_eq!(
        shop.ask(&with(hello(), "best_of", json!(3))).await.status,
        400
    );
    assert_eq!(shop.ask(&hello()).await.status, 402);
}
