//! `messages/count_tokens`: free, but not for everybody.

use keypurse_server::gateway::Dialect;
use keypurse_testkit::TestAnswer;
use keypurse_testkit::upstream::Reply;
use serde_json::{Value, json};

use super::{greeting, shop};
use crate::gateway::{Shop, with};

const COUNT: &str = "/v1/messages/count_tokens";

fn question() -> Value {
    json!({"model": "up/m", "messages": [{"role": "user", "content": "Hi"}]})
}

async fn count(shop: &Shop, body: &Value) -> TestAnswer {
    let request = shop.app.post(COUNT).without_key();
    request
        .header("x-api-key", &shop.secret)
        .json(body)
        .send()
        .await
}

#[tokio::test]
async fn anthropic_counts_itself_and_nothing_is_held_or_recorded() {
    let shop = shop(Dialect::Anthropic, "0").await;
    shop.upstream
        .always(Reply::json(200, &json!({"input_tokens": 7})));
    for path in [COUNT, "/v3/v1/messages/count_tokens"] {
        let request = shop.app.post(path).key(&shop.secret).json(&question());
        let answer = request
            .header("anthropic-beta", "effort-2025-11-24")
            .send()
            .await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (200, "{\"input_tokens\":7}")
        );
        let sent = shop.upstream.last();
        assert_eq!(sent.path, "/v1/messages/count_tokens");
        assert_eq!(sent.json(), with(question(), "model", json!("m")));
        assert_eq!(sent.headers["anthropic-beta"], "effort-2025-11-24");
        assert_eq!(sent.headers["anthropic-version"], "2023-06-01");
    }
    assert!(shop.app.calls().is_empty());
    assert_eq!(shop.balance().await, "0.0");
}

#[tokio::test]
async fn for_others_it_is_counted_here() {
    keypurse_providers::tokenizer::warm();
    for dialect in [Dialect::OpenAi, Dialect::Gemini] {
        let shop = shop(dialect, "0").await;
        let small = count(&shop, &question()).await.json()["input_tokens"]
            .as_u64()
            .unwrap();
        assert!((5..20).contains(&small), "{small}");
        let mut long = question();
        long["messages"][0]["content"] = json!("A word or two. ".repeat(100));
        let long = count(&shop, &long).await.json()["input_tokens"]
            .as_u64()
            .unwrap();
        assert!((400..700).contains(&long), "{long}");
        assert!(shop.upstream.received().is_empty());
    }
}

#[tokio::test]
async fn who_may_not_call_may_not_count() {
    let shop = shop(Dialect::Anthropic, "1").await;
    let stranger = shop.app.post(COUNT).key("kp_live_nobody").json(&question());
    let answer = stranger.send().await;
    assert_eq!(
        (answer.status, &answer.json()["type"]),
        (401, &json!("error"))
    );
    let body = json!({"name": "narrow", "denied_models": ["up/*"]});
    let (_, narrow) = shop.app.create_token(body).await;
    let denied = shop
        .app
        .post(COUNT)
        .key(&narrow)
        .json(&question())
        .send()
        .await;
    assert_eq!(denied.status, 403);
    for (body, status) in [
        (with(question(), "model", json!("nobody/knows")), 404),
        (with(question(), "messages", json!([])), 400),
    ] {
        assert_eq!(count(&shop, &body).await.status, status);
    }
    assert!(shop.upstream.received().is_empty());
}

#[tokio::test]
async fn what_goes_wrong_there_is_told_here() {
    let shop = shop(Dialect::Anthropic, "1").await;
    let error = json!({"type": "error", "error": {"type": "x", "message": "no"}});
    for (reply, status) in [
        (Reply::json(400, &error), 400),
        (Reply::json(429, &error), 429),
        (Reply::json(401, &error), 502),
        (Reply::json(200, &json!({"input_tokens": "7"})), 502),
        (Reply::text(200, "text/html", "<html>"), 502),
    ] {
        shop.upstream.always(reply);
        let answer = count(&shop, &greeting()).await;
        assert_eq!(
            (answer.status, &answer.json()["type"]),
            (status, &json!("error"))
        );
    }
    shop.upstream.stop();
}

#[tokio::test]
async fn l12_a_sandbox_token_counts_without_a_connection() {
    let shop = shop(Dialect::Anthropic, "1").await;
    let body = json!({"name": "play", "token_type": "sandbox_api_token"});
    let (_, play) = shop.app.create_token(body).await;
    for model in ["up/m", "anthropic/claude-haiku-4-5"] {
        let request = shop.app.post(COUNT).key(&play);
        let request = request.json(&with(question(), "model", json!(model)));
        let answer = request.send().await;
        assert!(
            answer.json()["input_tokens"].as_u64().unwrap() > 0,
            "{}",
            answer.text
        );
    }
    assert!(shop.upstream.received().is_empty());
}
