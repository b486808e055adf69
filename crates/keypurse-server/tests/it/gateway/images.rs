//! Images are held at the most their provider publishes; other input that
//! bytes do not bound at the model's input limit, or not at all.

use keypurse_testkit::upstream::{Reply, usage};
use serde_json::{Value, json};

use super::Shop;

fn ask(model: &str, parts: &Value) -> Value {
    json!({"model": model, "max_tokens": 100, "messages": [{"role": "user", "content": parts}]})
}

fn image(url: &str, detail: Option<&str>) -> Value {
    let mut image = json!({"url": url});
    if let Some(detail) = detail {
        image["detail"] = json!(detail);
    }
    json!({"type": "image_url", "image_url": image})
}

fn data_url() -> String {
    format!("data:image/png;base64,{}", "iVBORw0K".repeat(20_000))
}

/// What a hold takes, by what is missing when the balance is a nano-dollar.
async fn needed(model: &str, parts: Value) -> i64 {
    let (provider, _) = model.split_once('/').unwrap();
    let shop = Shop::named(provider, "0.000000001").await;
    let answer = shop.ask(&ask(model, &parts)).await;
    assert_eq!(answer.status, 402, "{}", answer.text);
    assert!(shop.upstream.received().is_empty());
    let needed = &answer.json()["error"]["needed"];
    let text = needed
        .as_str()
        .map_or_else(|| needed.to_string(), str::to_owned);
    super::dollars(&text).nanos()
}

/// The bytes of a request without the addresses of its images.
fn bytes(model: &str, parts: &Value, without: usize) -> i64 {
    i64::try_from(ask(model, parts).to_string().len() - without).unwrap() + 64
}

/// The hold has all tokens of the images, and of text no more than its bytes:
/// whether the vocabulary is there yet decides how many.
async fn check(model: &str, parts: Value, without: usize, tokens: (i64, i64, i64)) {
    let (image, nanos_in, nanos_out) = tokens;
    let least = image * nanos_in + 100 * nanos_out;
    let most = least + bytes(model, &parts, without) * nanos_in;
    let needed = needed(model, parts).await;
    assert!(least < needed && needed <= most, "{model}: {needed}");
}

#[tokio::test]
async fn an_image_is_held_at_the_most_its_provider_publishes() {
    let linked = "https://example.com/a.png";
    for (model, detail, tokens, nanos_in, nanos_out) in [
        ("openai/gpt-4o", None, 1445, 2_500, 10_000),
        ("openai/gpt-4o", Some("high"), 1445, 2_500, 10_000),
        ("openai/gpt-4o", Some("auto"), 1445, 2_500, 10_000),
        ("openai/gpt-4o", Some("low"), 85, 2_500, 10_000),
        ("openai/gpt-4o-mini", Some("low"), 2833, 150, 600),
        ("openai/gpt-4.1-mini", None, 2489, 400, 1_600),
    ] {
        let parts = json!([image(linked, detail)]);
        check(model, parts, 0, (tokens, nanos_in, nanos_out)).await;
    }
}

#[tokio::test]
async fn an_image_in_the_body_is_not_counted_as_text() {
    let url = data_url();
    let parts = json!([image(&url, None), image(&url, Some("low"))]);
    let without = 2 * (url.len() + 2);
    let model = "openai/gpt-4o";
    check(model, parts, without, (1445 + 85, 2_500, 10_000)).await;
}

#[tokio::test]
async fn what_only_looks_like_an_image_is_text() {
    let model = "openai/gpt-4o";
    for parts in [
        json!([{"type": "text", "text": data_url()}]),
        json!([{"type": "text", "text": "Hi", "image_url": {"url": data_url()}}]),
    ] {
        let expected = bytes(model, &parts, 0) * 2_500 + 1_000_000;
        // Counting may lower it, but never to an image's tokens.
        let needed = needed(model, parts).await;
        assert!(needed <= expected && needed > 10_000 * 2_500, "{needed}");
    }
}

#[tokio::test]
async fn other_input_is_held_at_the_models_input_limit() {
    for parts in [
        json!([image("https://example.com/a.png", Some("original"))]),
        json!([{"type": "file", "file": {"file_id": "file-1"}}]),
        json!([{"type": "image_url"}]),
        json!([{"type": "video_url", "video_url": {"url": "https://example.com/a.mp4"}}]),
    ] {
        let expected = 128_000 * 2_500 + 1_000_000;
        assert_eq!(
            needed("openai/gpt-4o", parts.clone()).await,
            expected,
            "{parts}"
        );
    }
    let parts = json!([image("https://example.com/a.png", None)]);
    let unpublished = needed("google/gemini-2.5-flash", parts).await;
    assert!(unpublished > 1_000_000 * 300, "{unpublished}");
}

#[tokio::test]
async fn an_image_is_charged_as_reported_or_else_at_its_most() {
    let url = data_url();
    let parts = json!([image(&url, None)]);
    let body = ask("openai/gpt-4o", &parts);
    let shop = Shop::named("openai", "1").await;
    shop.upstream.next(Reply::chat("Hi", &usage(800, 20)));
    assert_eq!(shop.ask(&body).await.status, 200);
    assert_eq!(shop.charged().await, 800 * 2_500 + 20 * 10_000);
    shop.upstream.next(Reply::chat("Hi", &usage(9000, 20)));
    assert_eq!(shop.ask(&body).await.status, 200);
    let second = shop.charged().await - (800 * 2_500 + 20 * 10_000);
    let most = (bytes("openai/gpt-4o", &parts, url.len() + 2) + 1445) * 2_500 + 2 * 10_000;
    assert!(second > 1445 * 2_500 && second <= most, "{second}");
    assert!(shop.app.calls()[1].estimated);
}
