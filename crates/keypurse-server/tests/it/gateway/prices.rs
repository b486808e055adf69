//! Which price a call is charged at, class by class.

use futures_util::future::join_all;
use keypurse_core::price::{Price, Rate, Rates};
use keypurse_server::gateway::ModelPrice;
use keypurse_testkit::upstream::{Gate, Reply, ScriptedUpstream, usage};
use serde_json::{Value, json};

use super::{Shop, config, dollars, hello, hello_stream, price, rate, soon, with};

/// At `up/all` every class has a rate of its own.
fn all_classes() -> ModelPrice {
    let rates = Rates {
        input: rate("1"),
        cached_input: Some(rate("0.1")),
        cache_write: Some(rate("1.25")),
        cache_write_long: Some(rate("2")),
        input_audio: Some(rate("40")),
        cached_audio: Some(rate("4")),
        output: rate("10"),
        reasoning: Some(rate("12")),
        output_audio: Some(rate("80")),
        ..Rates::default()
    };
    ModelPrice {
        price: Price::flat(rates),
        max_input_tokens: Some(1000),
        ..price("all", "0", "0")
    }
}

async fn shop(balance: &str) -> Shop {
    let upstream = ScriptedUpstream::start().await;
    let mut config = config(&upstream);
    config.prices.push(all_classes());
    Shop::of(upstream, config, balance).await
}

fn ask(content: &Value) -> Value {
    json!({"model": "up/all", "messages": [{"role": "user", "content": content}]})
}

fn sound() -> Value {
    json!([{"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}])
}

fn keep_long() -> Value {
    let cached = json!({"type": "ephemeral", "ttl": "1h"});
    json!([{"type": "text", "text": "Hi", "cache_control": cached}])
}

#[tokio::test]
async fn a_price_of_images_alone_is_none_for_a_chat() {
    let upstream = ScriptedUpstream::start().await;
    let mut config = config(&upstream);
    config.prices.push(ModelPrice {
        price: Price::free().with_images_at(rate("40000")),
        ..price("painter", "0", "0")
    });
    let shop = Shop::of(upstream, config, "1").await;
    let answer = shop.ask(&with(hello(), "model", json!("up/painter"))).await;
    let error = answer.json()["error"].clone();
    assert_eq!(
        (answer.status, &error["code"]),
        (404, &json!("model_not_found"))
    );
    assert!(shop.upstream.received().is_empty());
}

#[tokio::test]
async fn every_class_of_tokens_is_charged_at_its_own_rate() {
    let parts = |details: Value| with(usage(50, 20), "prompt_tokens_details", details);
    let written = json!({"prompt_tokens": 50, "completion_tokens": 20,
        "cache_creation_input_tokens": 20, "cache_read_input_tokens": 10,
        "cache_creation": {"ephemeral_1h_input_tokens": 5}});
    let reasoned = with(
        usage(50, 20),
        "completion_tokens_details",
        json!({"reasoning_tokens": 15}),
    );
    let heard = json!({"cached_tokens": 20, "audio_tokens": 30,
        "cached_tokens_details": {"audio_tokens": 12}});
    for (content, reported, nanos) in [
        (json!("Hi"), usage(50, 20), 250_000),
        (
            json!("Hi"),
            parts(json!({"cached_tokens": 40})),
            10_000 + 4_000 + 200_000,
        ),
        (
            json!("Hi"),
            parts(json!({"cache_write_tokens": 40})),
            10_000 + 50_000 + 200_000,
        ),
        (json!("Hi"), reasoned, 50_000 + 50_000 + 180_000),
        (
            keep_long(),
            written,
            20_000 + 1_000 + 15 * 1_250 + 5 * 2_000 + 200_000,
        ),
        (
            sound(),
            parts(heard),
            12_000 + 800 + 18 * 40_000 + 12 * 4_000 + 200_000,
        ),
    ] {
        let shop = shop("1").await;
        shop.upstream.next(Reply::chat("Hi", &reported));
        let answer = shop.ask(&ask(&content)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(shop.charged().await, nanos, "{reported}");
        assert!(!shop.app.calls()[0].estimated);
        assert_eq!(shop.audited().await.calls, 1);
    }
}

#[tokio::test]
async fn a_class_the_request_cannot_reach_is_not_believed() {
    for details in [json!({"audio_tokens": 10}), json!({"image_tokens": 10})] {
        let shop = shop("1").await;
        let reported = with(usage(50, 20), "prompt_tokens_details", details);
        shop.upstream.next(Reply::chat("Hi", &reported));
        assert_eq!(shop.ask(&ask(&json!("Hi"))).await.status, 200);
        let bytes = i64::try_from(ask(&json!("Hi")).to_string().len()).unwrap();
        assert_eq!(shop.charged().await, bytes * 1_000 + 2 * 10_000);
        assert!(shop.app.calls()[0].estimated);
    }
}

#[tokio::test]
async fn text_is_held_at_what_text_can_reach() {
    // 1,000 tokens out at 12, reasoning, and few bytes in at 1.25, written to
    // a cache: audio at 40 and 80 cannot be reached.
    let body = with(ask(&json!("Hi")), "max_tokens", json!(1000));
    let bytes = i64::try_from(body.to_string().len()).unwrap() + 64;
    let most = bytes * 1_250 + 12_000_000;
    let text = |nanos: i64| format!("0.{nanos:09}");
    let exact = shop(&text(most)).await;
    let answer = exact.ask(&body).await;
    assert_eq!(answer.header("x-keypurse-output-limit"), "");
    let short = shop(&text(most - 12_000)).await;
    let answer = short.ask(&body).await;
    assert_eq!(answer.header("x-keypurse-output-limit"), "999");
}

#[tokio::test]
async fn a_call_is_charged_at_the_price_it_was_admitted_at() {
    let shop = Shop::named("deepseek", "1").await;
    let body = with(hello_stream(), "model", json!("deepseek/deepseek-v4-flash"));
    let body = with(body, "max_tokens", json!(100));
    let gate = Gate::new();
    shop.app.clock().set("2026-11-21T12:00:00Z");
    let held = Reply::stream().chunk("Hi").wait(&gate);
    shop.upstream
        .always(held.finish().usage(&usage(10, 20)).done());
    let streams = join_all((0..50).map(|_| shop.ask(&body)));
    let dearer = async {
        while shop.upstream.received().len() < 50 {
            tokio::task::yield_now().await;
        }
        // From one o'clock to four it costs twice as much.
        shop.app.clock().set("2026-11-22T01:00:00Z");
        gate.let_pass(51);
    };
    let (answers, ()) = soon(async { tokio::join!(streams, dearer) }).await;
    for answer in answers {
        assert_eq!(answer.status, 200);
        assert!(answer.text.ends_with("[DONE]\n\n"), "{}", answer.text);
    }
    let each = 10 * 150 + 20 * 600;
    assert_eq!(shop.charged().await, 50 * each);
    assert_eq!(shop.ask(&body).await.status, 200);
    assert_eq!(shop.charged().await, 52 * each);
    let report = shop.audited().await;
    assert_eq!(report.calls, 51, "each recomputed at its own price");
}

/// A model whose price has one for the call itself.
async fn searching() -> Shop {
    let upstream = ScriptedUpstream::start().await;
    let mut config = config(&upstream);
    let rates = Rates {
        input: rate("1"),
        output: rate("10"),
        request: Rate::per_unit(dollars("0.012")),
        ..Rates::default()
    };
    config.prices.push(ModelPrice {
        price: Price::flat(rates),
        ..price("search", "0", "0")
    });
    Shop::of(upstream, config, "1").await
}

#[tokio::test]
async fn a_model_that_searches_on_every_call_is_charged_for_the_call() {
    for options in [
        json!(null),
        json!({}),
        json!({"search_context_size": "high", "user_location": {"type": "approximate"}}),
    ] {
        let shop = searching().await;
        let body = with(hello(), "model", json!("up/search"));
        let body = with(body, "web_search_options", options);
        shop.upstream.next(Reply::chat("Hi", &usage(10, 20)));
        assert_eq!(shop.ask(&body).await.status, 200);
        assert_eq!(shop.charged().await, 12_000_000 + 210_000);
        assert_eq!(shop.audited().await.calls, 1);
    }
}

#[tokio::test]
async fn a_search_that_may_cost_more_is_refused() {
    let shop = searching().await;
    let body = with(hello(), "model", json!("up/search"));
    for (param, value) in [
        ("web_search_options", json!({"search_type": "pro"})),
        ("web_search_options", json!(true)),
        ("n", json!(2)),
    ] {
        let refused = shop.ask(&with(body.clone(), param, value.clone())).await;
        let error = refused.json()["error"].clone();
        assert_eq!(error["code"], "unpriced_parameter", "{param} {value}");
        assert_eq!(error["param"], param);
    }
    assert!(shop.upstream.received().is_empty());
}

#[tokio::test]
async fn the_catalogue_knows_what_a_call_of_a_searching_model_costs() {
    let shop = Shop::named("perplexity", "1").await;
    let body = with(hello(), "model", json!("perplexity/sonar"));
    shop.upstream.next(Reply::chat("Hi", &usage(10, 20)));
    let answer = shop.ask(&body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(shop.charged().await, 12_000_000 + 30_000);
    let deep = with(body, "model", json!("perplexity/sonar-deep-research"));
    assert_eq!(shop.ask(&deep).await.status, 503);
}
