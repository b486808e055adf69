//! Tiers of service: held at the price that was asked for, charged at the one
//! the answer had.

use keypurse_providers::tokenizer::warm;
use keypurse_testkit::upstream::{Reply, usage};
use serde_json::{Value, json};

use super::{Shop, hello, with};

/// 1,000 tokens in and 100 out of `gpt-4o`, in nano-dollars: at its standard
/// price of 2.5 and 10, and at its priority price of 4.25 and 17.
pub(super) const STANDARD: i64 = 3_500_000;
pub(super) const PRIORITY: i64 = 5_950_000;

/// A request of somewhat more than 1,000 bytes, so that 1,000 tokens can be.
fn asking(tier: Option<&str>) -> Value {
    let text = "word ".repeat(250);
    let body = json!({"model": "openai/gpt-4o", "max_tokens": 100,
        "messages": [{"role": "user", "content": text}]});
    match tier {
        Some(tier) => with(body, "service_tier", json!(tier)),
        None => body,
    }
}

fn answer(tier: Option<&str>) -> Reply {
    let message = json!({"role": "assistant", "content": "Hi"});
    let choices = json!([{"index": 0, "message": message, "finish_reason": "stop"}]);
    let body = json!({"choices": choices, "usage": usage(1000, 100), "service_tier": tier});
    Reply::json(200, &body)
}

#[tokio::test]
async fn a_call_is_charged_at_the_tier_its_answer_had() {
    for (asked, told, expected) in [
        (Some("priority"), Some("priority"), PRIORITY),
        (Some("fast"), Some("fast"), PRIORITY),
        // It had no room and lowered the tier.
        (Some("priority"), Some("default"), STANDARD),
        // It says nothing: what was asked for.
        (Some("priority"), None, PRIORITY),
        (Some("default"), Some("default"), STANDARD),
        (None, Some("default"), STANDARD),
        // Not asked for, not reachable, not charged.
        (None, Some("priority"), STANDARD),
    ] {
        let shop = Shop::named("openai", "1").await;
        shop.upstream.next(answer(told));
        let got = shop.ask(&asking(asked)).await;
        assert_eq!(got.status, 200, "{}", got.text);
        assert_eq!(shop.charged().await, expected, "{asked:?} {told:?}");
        assert_eq!(shop.audited().await.calls, 1);
    }
}

#[tokio::test]
async fn a_stream_is_charged_at_the_tier_its_chunks_name() {
    for (told, expected) in [("priority", PRIORITY), ("default", STANDARD)] {
        let shop = Shop::named("openai", "1").await;
        let chunk = |choices: Value| json!({"choices": choices, "service_tier": told});
        let text = json!([{"index": 0, "delta": {"content": "Hi"}}]);
        let end = json!([{"index": 0, "delta": {}, "finish_reason": "stop"}]);
        let reply = Reply::stream().data(&chunk(text)).data(&chunk(end));
        shop.upstream.next(reply.usage(&usage(1000, 100)).done());
        let body = with(asking(Some("priority")), "stream", json!(true));
        assert_eq!(shop.ask(&body).await.status, 200);
        assert_eq!(shop.charged().await, expected, "{told}");
        assert_eq!(shop.audited().await.calls, 1);
    }
}

#[tokio::test]
async fn a_tier_is_held_at_its_own_price() {
    // More than the standard price of what it counts and 100 tokens, and less
    // than their priority price.
    warm();
    let shop = Shop::named("openai", "0.0025").await;
    let standard = shop.ask(&asking(Some("default"))).await;
    assert_eq!(standard.status, 200, "{}", standard.text);
    let shop = Shop::named("openai", "0.0025").await;
    let priority = shop.ask(&asking(Some("priority"))).await;
    assert_eq!(priority.status, 402, "{}", priority.text);
    assert!(shop.upstream.received().is_empty());
}

#[tokio::test]
async fn a_tier_left_to_the_projects_default_is_stated() {
    let shop = Shop::named("openai", "1").await;
    for (asked, expected) in [
        (json!(null), json!("default")),
        (json!("auto"), json!("default")),
        (json!("default"), json!("default")),
        (json!("priority"), json!("priority")),
    ] {
        let body = with(asking(None), "service_tier", asked.clone());
        assert_eq!(shop.ask(&body).await.status, 200);
        assert_eq!(
            shop.upstream.last().json()["service_tier"],
            expected,
            "{asked}"
        );
    }
    shop.ask(&asking(None)).await;
    assert_eq!(shop.upstream.last().json()["service_tier"], "default");
    // Elsewhere there is no such default, and the member may be unknown.
    let shop = Shop::open("1").await;
    shop.ask(&hello()).await;
    assert!(shop.upstream.last().json().get("service_tier").is_none());
}

#[tokio::test]
async fn a_tier_a_model_has_no_price_for_is_refused() {
    let shop = Shop::named("openai", "1").await;
    for (model, tier) in [
        ("openai/gpt-4o", "flex"),
        ("openai/gpt-4o", "scale"),
        ("openai/gpt-4o", "batch"),
        ("openai/gpt-4", "priority"),
    ] {
        let body = with(asking(Some(tier)), "model", json!(model));
        let refused = shop.ask(&body).await;
        let error = refused.json()["error"].clone();
        assert_eq!(refused.status, 400, "{model} {tier}");
        assert_eq!(error["code"], "unpriced_parameter", "{model} {tier}");
        assert_eq!(error["param"], "service_tier");
    }
    assert!(shop.upstream.received().is_empty());
}

#[tokio::test]
async fn the_list_shows_what_each_tier_costs() {
    let shop = Shop::named("openai", "1").await;
    let listed = shop.app.get("/v1/models").send().await.json();
    let models = listed["data"].as_array().unwrap();
    let model = models.iter().find(|model| model["id"] == "openai/gpt-4o");
    let pricing = &model.unwrap()["pricing"];
    assert_eq!(pricing["input_per_million"], "2.5");
    assert_eq!(
        pricing["service_tiers"]["priority"]["output_per_million"],
        "17.0"
    );
}
