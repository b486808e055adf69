//! `group_by`: sums told apart as one likes.

use std::sync::Arc;

use keypurse_core::price::{Price, Rates};
use keypurse_core::time::Timestamp;
use keypurse_core::usage::TokenCounts;
use keypurse_store::{CallMeta, Feature, SimulatedCall};
use keypurse_testkit::TestApp;
use keypurse_testkit::upstream::{Reply, usage};
use serde_json::{Value, json};

use super::*;

/// Two tokens that share a tag, one that has none, and the account's key.
async fn busy_shop() -> Shop {
    let shop = Shop::open("1").await;
    let tagged = json!({"tags": ["red", "blue"]});
    shop.app.patch(&token_path("t")).json(&tagged).send().await;
    let (_, red) = shop
        .app
        .create_token(json!({"name": "u", "tags": ["red"]}))
        .await;
    let (_, plain) = shop.app.create_token(json!({"name": "plain"})).await;
    shop.ask(&hello()).await;
    chat(&shop.app, &shop.secret, "up/out").await;
    shop.upstream.next(Reply::json(500, &json!({})));
    shop.ask(&hello()).await;
    chat(&shop.app, &red, "up/m").await;
    chat(&shop.app, &plain, "up/m").await;
    chat(&shop.app, shop.app.account_key(), "up/m").await;
    shop.app.settled().await;
    shop
}

/// Groups and how many calls each has.
async fn told(app: &TestApp, query: &str) -> Vec<String> {
    let groups = costs(app, &format!("{TODAY}&{query}")).await;
    let groups = groups.as_array().unwrap().iter();
    let told = groups.map(|group| {
        let values = group["group"].as_object().unwrap().values();
        let values: Vec<_> = values
            .map(|value| value.as_str().unwrap_or("-").to_owned())
            .collect();
        format!(
            "{} {}",
            values.join(" "),
            group["data"]["2026-11-21"]["details"]
        )
    });
    told.collect()
}

#[tokio::test]
async fn calls_are_told_apart_by_whatever_one_asks_for() {
    let shop = busy_shop().await;
    for (query, expected) in [
        ("group_by=provider", &["up 6"][..]),
        ("group_by=model", &["up/m 5", "up/out 1"]),
        ("group_by=feature", &["text__chat 6"]),
        ("group_by=status", &["server_error 1", "success 5"]),
        ("group_by=token", &["base_token 1", "plain 1", "t 3", "u 1"]),
        ("group_by=tag", &["- 2", "blue 3", "red 4"]),
        ("group_by=tag&tag=red", &["red 4"]),
        ("group_by=token&token=t", &["t 3"]),
        ("group_by=token&tag=blue", &["t 3"]),
        ("group_by=provider&status=server_error", &["up 1"]),
        ("group_by=provider&provider=other", &[]),
        // The members of a group stand in alphabetical order.
        ("group_by=token,model&token=t", &["up/m t 2", "up/out t 1"]),
        (
            "group_by=status,tag&tag=blue",
            &["server_error blue 1", "success blue 2"],
        ),
    ] {
        let mut told = told(&shop.app, query).await;
        told.sort();
        assert_eq!(told, expected, "{query}");
    }
    shop.app.finish().await;
}

#[tokio::test]
async fn a_group_tells_cost_calls_errors_and_tokens() {
    let shop = Shop::open("1").await;
    let cached = json!({"prompt_tokens": 10, "completion_tokens": 20,
        "prompt_tokens_details": {"cached_tokens": 4}});
    shop.upstream.next(Reply::chat("Hi", &cached));
    shop.ask(&hello()).await;
    shop.upstream.next(Reply::chat("Hi", &usage(7, 1)));
    shop.ask(&hello()).await;
    shop.upstream.next(Reply::json(500, &json!({})));
    shop.ask(&hello()).await;
    shop.app.settled().await;
    let answer = ask(&shop.app, COSTS, &format!("{TODAY}&group_by=provider")).await;
    let report = answer.json();
    assert_eq!(report["group_by"], json!(["provider"]));
    let sums = &report["response"][0]["data"]["2026-11-21"];
    let charged = charged(&shop.app, "t").await;
    assert_eq!(dollars(&sums["total_cost"]), charged);
    for (member, expected) in [
        ("details", json!(3)),
        ("errors", json!(1)),
        ("simulated", json!(0)),
        ("estimated", json!(0)),
        ("input_tokens", json!(17)),
        ("output_tokens", json!(21)),
        (
            "tokens",
            json!({"input": 17, "cached_input": 4, "output": 21}),
        ),
    ] {
        assert_eq!(sums[member], expected, "{member}");
    }
    shop.app.finish().await;
}

#[tokio::test]
async fn latencies_are_told_as_percentiles() {
    let app = TestApp::new().await;
    sandbox(&app, "s").await;
    let labels = app
        .state()
        .store
        .tokens(keypurse_core::id::AccountId(1))
        .await;
    let token = labels.unwrap()[0].clone();
    // A hundred calls: 90 between 150 and 250 ms, 10 between 1000 and 1500.
    for at in 0..100 {
        let started_at = app.state().now();
        let took_ms = if at < 90 { 200 } else { 1_200 };
        let finished_at = Timestamp::from_micros(started_at.micros() + took_ms * 1000);
        let call = app.state().call_ids.next(started_at, &*app.state().entropy);
        let call = SimulatedCall {
            call,
            account: token.account,
            token: token.id,
            meta: meta(started_at),
            counts: TokenCounts::NONE,
            status: 200,
            finished_at,
            claim: None,
        };
        app.state().store.record_simulated(call).await.unwrap();
    }
    let groups = costs(&app, &format!("{TODAY}&group_by=token")).await;
    let latency = &groups[0]["data"]["2026-11-21"]["latency_ms"];
    assert_eq!(*latency, json!({"p50": 205, "p90": 250, "p99": 1450}));
    app.finish().await;
}

fn meta(started_at: Timestamp) -> CallMeta {
    CallMeta {
        provider: Arc::from("sandbox"),
        model: Arc::from("echo"),
        feature: Feature::Chat,
        streamed: false,
        price: Arc::new(Price::flat(Rates::default())),
        started_at,
    }
}

#[tokio::test]
async fn simulated_calls_are_told_as_such() {
    let app = TestApp::new().await;
    let secret = sandbox(&app, "s").await;
    chat(&app, &secret, "sandbox/echo").await;
    let groups: Value = costs(&app, &format!("{TODAY}&group_by=token,status")).await;
    let sums = &groups[0]["data"]["2026-11-21"];
    assert_eq!(
        (&sums["simulated"], &sums["details"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(sums["total_cost"], json!(0.0));
    assert!(sums["input_tokens"].as_u64() > Some(0));
    app.finish().await;
}
