//! What a client is told about how its call was answered.

use keypurse_testkit::upstream::{Reply, usage};
use serde_json::{Value, json};

use super::super::hello_stream;
use super::{Mall, broken, falling_back, hello, with};

const ASKS: (&str, &str) = ("x-edenai-metadata", "enabled");

/// The attempts without what differs from run to run.
fn attempts(metadata: &Value) -> Vec<(String, String, u64)> {
    let attempts = metadata["attempts"].as_array().expect("attempts").iter();
    attempts
        .map(|attempt| {
            assert!(attempt["latency_ms"].is_u64(), "{attempt}");
            let text = |member: &str| attempt[member].as_str().expect("a text").to_owned();
            let status = attempt["status"].as_u64().expect("a status");
            (text("model"), text("provider"), status)
        })
        .collect()
}

fn expected() -> Vec<(String, String, u64)> {
    let of = |provider: &str, status| (format!("{provider}/m"), provider.to_owned(), status);
    vec![of("up", 500), of("other", 200)]
}

#[tokio::test]
async fn the_attempts_are_in_the_answer_of_who_asks_for_them() {
    let mall = Mall::open("1").await;
    mall.shop.upstream.next(broken());
    let asking = mall.shop.request(&falling_back()).header(ASKS.0, ASKS.1);
    let answer = asking.send().await.json();
    assert_eq!(attempts(&answer["edenai_metadata"]), expected());
    let plain = mall
        .shop
        .request(&hello())
        .header(ASKS.0, ASKS.1)
        .send()
        .await;
    assert_eq!(attempts(&plain.json()["edenai_metadata"]).len(), 1);
    assert_eq!(
        plain.header("x-keypurse-attempts"),
        "",
        "only when there are several"
    );
    let unasked = mall.shop.ask(&hello()).await;
    assert_eq!(unasked.json().get("edenai_metadata"), None);
}

#[tokio::test]
async fn a_stream_tells_them_before_its_end() {
    let mall = Mall::open("1").await;
    mall.other
        .always(Reply::chat_stream(&["B"], &usage(10, 20)));
    mall.shop.upstream.next(broken());
    let request = with(hello_stream(), "fallbacks", json!(["other/m"]));
    let answer = mall
        .shop
        .request(&request)
        .header(ASKS.0, ASKS.1)
        .send()
        .await;
    let (_, told) = answer
        .text
        .split_once(": edenai_metadata=")
        .expect("a comment");
    let (told, end) = told.split_once("\n\n").expect("an event");
    assert_eq!(end, "data: [DONE]\n\n");
    assert_eq!(attempts(&serde_json::from_str(told).unwrap()), expected());
    mall.shop.app.finish().await;
}
