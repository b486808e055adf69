//! `POST moderations`.

use keypurse_testkit::upstream::Reply;
use serde_json::{Value, json};

use super::Shop;

const MODERATIONS: &str = "/v1/moderations";

fn judged() -> Reply {
    Reply::json(
        200,
        &json!({"id": "modr-1", "results": [{"flagged": true}]}),
    )
}

#[tokio::test]
async fn where_judging_is_free_it_costs_nothing_whatever_is_judged() {
    let shop = Shop::named("openai", "1").await;
    let image = json!({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}});
    for input in [
        json!("Hi"),
        json!(["a", "b"]),
        json!([{"type": "text", "text": "a"}, image]),
    ] {
        shop.upstream.next(judged());
        let body = json!({"model": "omni-moderation-latest", "input": input});
        let answer = shop.call(MODERATIONS, &body).send().await;
        assert_eq!(answer.status, 200, "{input}: {}", answer.text);
        assert_eq!(answer.header("x-keypurse-cost"), "0.0");
        assert_eq!(shop.upstream.last().json(), body);
    }
    assert_eq!(shop.charged().await, 0);
    assert_eq!(shop.app.calls().len(), 3);
}

#[tokio::test]
async fn without_a_model_the_vendors_own_judges_and_is_named() {
    let shop = Shop::named("openai", "1").await;
    shop.upstream.next(judged());
    let body = json!({"input": "Hi"});
    let answer = shop.call(MODERATIONS, &body).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let expected = json!({"input": "Hi", "model": "omni-moderation-latest"});
    assert_eq!(shop.upstream.last().json(), expected);
}

#[tokio::test]
async fn a_free_call_needs_a_balance_no_more_than_a_free_chat_does() {
    let shop = Shop::named("openai", "0").await;
    shop.upstream.next(judged());
    let body = json!({"model": "omni-moderation-latest", "input": "Hi"});
    let answer = shop.call(MODERATIONS, &body).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn what_cannot_be_judged_is_refused() {
    let shop = Shop::open("1").await;
    let refused: [Value; 6] = [
        json!(7),
        json!([]),
        json!([7]),
        json!([{"text": "a"}]),
        json!([["a"]]),
        json!({"text": "a"}),
    ];
    for input in refused {
        let body = json!({"model": "up/m", "input": input});
        let answer = shop.call(MODERATIONS, &body).send().await;
        assert_eq!(answer.status, 400, "{input}: {}", answer.text);
        assert_eq!(answer.json()["error"]["param"], "input", "{input}");
    }
    // With a price, an image has no bound.
    let image = json!([{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]);
    let body = json!({"model": "up/m", "input": image});
    let answer = shop.call(MODERATIONS, &body).send().await;
    assert_eq!(answer.json()["error"]["code"], "unpriced_parameter");
    assert!(shop.upstream.received().is_empty());
}
