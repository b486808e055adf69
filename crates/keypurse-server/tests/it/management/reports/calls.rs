//! `GET /v2/cost_management/calls/`

use keypurse_testkit::upstream::Reply;
use serde_json::{Value, json};

use super::*;

async fn page(shop: &Shop, query: &str) -> Value {
    ask(&shop.app, CALLS, query).await.json()
}

#[tokio::test]
async fn a_call_is_told_with_all_that_is_known_of_it_but_not_what_was_said() {
    let shop = Shop::open("1").await;
    let answer = shop.ask(&hello()).await;
    let told = ask(&shop.app, CALLS, "").await;
    let calls = told.json();
    assert_eq!(calls["next_cursor"], Value::Null);
    let call = &calls["calls"][0];
    for (member, expected) in [
        ("request_id", json!(answer.header("x-request-id"))),
        ("token", json!("t")),
        ("provider", json!("up")),
        ("model", json!("m")),
        ("feature", json!("text__chat")),
        ("streamed", json!(false)),
        ("status", json!(200)),
        ("outcome", json!("settled")),
        ("estimated", json!(false)),
        ("cost", json!(0.00021)),
        ("rehearsed_cost", Value::Null),
        ("house", json!(0.0)),
        ("started_at", json!("2026-11-21T12:00:00Z")),
        ("finished_at", json!("2026-11-21T12:00:00Z")),
        ("latency_ms", json!(0)),
    ] {
        assert_eq!(call[member], expected, "{member}");
    }
    assert_eq!(
        (&call["usage"]["input"], &call["usage"]["output"]),
        (&json!(10), &json!(20))
    );
    assert!(
        !told.text.contains("Hi"),
        "neither question nor answer: {}",
        told.text
    );
    shop.app.finish().await;
}

#[tokio::test]
async fn pages_are_stable_while_calls_arrive() {
    let shop = Shop::open("1").await;
    for _ in 0..7 {
        shop.ask(&hello()).await;
    }
    let all = page(&shop, "").await["calls"].clone();
    let mut seen = Vec::new();
    let mut query = "token=t&limit=2".to_owned();
    loop {
        let answer = ask(&shop.app, CALLS, &query).await;
        let told = answer.json();
        seen.extend(told["calls"].as_array().unwrap().clone());
        shop.ask(&hello()).await;
        let Some(cursor) = told["next_cursor"].as_str() else {
            assert_eq!(answer.header("link"), "");
            break;
        };
        query = format!("token=t&limit=2&cursor={cursor}");
        assert_eq!(
            answer.header("link"),
            format!("<{CALLS}?{query}>; rel=\"next\"")
        );
    }
    assert_eq!(Value::from(seen), all);
    shop.app.finish().await;
}

#[tokio::test]
async fn the_sum_of_all_calls_is_the_report() {
    let shop = Shop::open("1").await;
    let rehearser = json!({"name": "r", "token_type": "sandbox_api_token", "balance": "1",
        "active_balance": true, "simulate_budget": true});
    let (_, rehearser) = shop.app.create_token(rehearser).await;
    chat(&shop.app, &rehearser, "up/m").await;
    shop.ask(&hello()).await;
    chat(&shop.app, shop.app.account_key(), "up/out").await;
    let calls = page(&shop, "").await["calls"].clone();
    let calls = calls.as_array().unwrap();
    assert_eq!(calls.len(), 3);
    let listed: Money = calls.iter().map(|call| dollars(&call["cost"])).sum();
    let whole = costs(
        &shop.app,
        "begin=2026-11-01&end=2026-11-30&step=0&group_by=feature",
    )
    .await;
    assert_eq!(
        dollars(&whole[0]["data"]["2026-11-01"]["total_cost"]),
        listed
    );
    let rehearsed = &calls[2];
    assert_eq!(
        (&rehearsed["token"], &rehearsed["cost"]),
        (&json!("r"), &json!(0.0))
    );
    assert!(dollars(&rehearsed["rehearsed_cost"]) > Money::ZERO);
    shop.app.finish().await;
}

#[tokio::test]
async fn calls_are_found_by_what_they_were() {
    let shop = Shop::open("1").await;
    shop.ask(&hello()).await;
    shop.app.clock().set("2026-11-22T00:00:00Z");
    chat(&shop.app, &shop.secret, "up/out").await;
    shop.upstream.next(Reply::json(500, &json!({})));
    chat(&shop.app, shop.app.account_key(), "up/m").await;
    shop.app.settled().await;
    for (query, expected) in [
        ("", 3),
        ("begin=2026-11-22", 2),
        ("end=2026-11-21", 1),
        ("begin=2026-11-21&end=2026-11-21", 1),
        ("begin=2026-11-23", 0),
        ("token=base_token", 1),
        ("token=t", 2),
        ("model=up/out", 1),
        ("provider=up", 3),
        ("provider=other", 0),
        ("subfeature=chat", 3),
        ("subfeature=embeddings", 0),
        ("status=server_error", 1),
        ("status=success&token=t", 2),
        ("tag=none", 0),
        ("limit=1", 1),
    ] {
        let calls = page(&shop, query).await["calls"].clone();
        assert_eq!(calls.as_array().unwrap().len(), expected, "{query}");
    }
    shop.app.finish().await;
}
