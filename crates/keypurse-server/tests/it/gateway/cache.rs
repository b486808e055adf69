//! The response cache: the same request gets the same answer, at no cost.

use keypurse_testkit::upstream::{Gate, Reply, usage};
use keypurse_testkit::{TestAnswer, TestApp};
use serde_json::{Value, json};

use super::{CHAT, Shop, hello, hello_stream, said, soon, with};

const TOKEN: &str = "/v2/user/custom_token/t/";

/// A shop whose token's answers are kept for a minute.
async fn caching(balance: &str) -> Shop {
    let shop = Shop::open(balance).await;
    set(&shop.app, &json!(60)).await;
    shop
}

async fn set(app: &TestApp, seconds: &Value) {
    let change = json!({"response_cache_seconds": seconds});
    let changed = app.patch(TOKEN).json(&change).send().await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(&changed.json()["response_cache_seconds"], seconds);
}

fn cache(answer: &TestAnswer) -> (u16, &str, &str) {
    let told = |name| answer.header(name);
    (
        answer.status,
        told("x-keypurse-cache"),
        told("x-keypurse-cost"),
    )
}

#[tokio::test]
async fn a_repeated_request_costs_nothing_and_asks_nobody() {
    let shop = caching("1").await;
    let first = shop.ask(&hello()).await;
    assert_eq!(cache(&first), (200, "miss", "0.00021"));
    let second = shop.ask(&hello()).await;
    assert_eq!(cache(&second), (200, "hit", "0.0"));
    assert_eq!(second.header("x-keypurse-balance"), "0.99979");
    assert_eq!(second.header("content-type"), "application/json");
    let free = with(first.json(), "cost", json!(0.0));
    assert_eq!(second.json(), free);
    assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
    assert_eq!(shop.upstream.received().len(), 1);
    assert_eq!(shop.balance().await, "0.99979");
    let charged: Vec<i64> = shop
        .app
        .calls()
        .iter()
        .map(|call| call.charged.nanos())
        .collect();
    assert_eq!(charged, [210_000, 0], "both are recorded");
    let report = shop.audited().await;
    assert_eq!(report.calls, 2);
}

#[tokio::test]
async fn a_stream_is_replayed_event_by_event() {
    let shop = caching("1").await;
    shop.upstream
        .always(Reply::chat_stream(&["Hel", "lo"], &usage(10, 20)));
    let options = json!({"include_usage": true});
    for request in [
        hello_stream(),
        with(hello_stream(), "stream_options", options),
    ] {
        let first = shop.ask(&request).await;
        assert_eq!(first.header("x-keypurse-cache"), "miss");
        let second = shop.ask(&request).await;
        assert_eq!(cache(&second), (200, "hit", "0.0"));
        assert_eq!(second.header("content-type"), "text/event-stream");
        assert_eq!(said(&second.text), "Hello");
        assert_eq!(second.text, first.text.replace("0.00021", "0.0"));
        assert!(second.text.ends_with("data: [DONE]\n\n"), "{}", second.text);
    }
    assert_eq!(shop.upstream.received().len(), 2);
    assert_eq!(shop.balance().await, "0.99958");
}

#[tokio::test]
async fn what_failed_or_was_cut_is_never_given_again() {
    let shop = caching("1").await;
    let refused = Reply::json(500, &json!({"error": {"message": "no"}}));
    for reply in [refused, Reply::text(200, "text/html", "<html>")] {
        shop.upstream.next(reply);
        assert_ne!(shop.ask(&hello()).await.status, 200);
    }
    assert_eq!(cache(&shop.ask(&hello()).await).1, "miss");
    for reply in [
        Reply::stream().chunk("Hel").breaks(),
        Reply::stream()
            .chunk("Hel")
            .data(&json!({"error": {"message": "no"}})),
    ] {
        shop.upstream.next(reply);
        assert!(shop.ask(&hello_stream()).await.text.contains("error"));
    }
    shop.upstream
        .next(Reply::chat_stream(&["Hello"], &usage(1, 2)));
    let whole = shop.ask(&hello_stream()).await;
    assert_eq!(
        (cache(&whole).1, said(&whole.text).as_str()),
        ("miss", "Hello")
    );
    assert_eq!(shop.upstream.received().len(), 6);
}

#[tokio::test]
async fn a_client_that_leaves_half_way_leaves_nothing_to_give_again() {
    let shop = caching("1").await;
    let gate = Gate::new();
    let slow = Reply::stream().chunk("Hel").wait(&gate);
    shop.upstream
        .next(slow.chunk("lo").finish().usage(&usage(1, 2)).done());
    let request = hello_stream();
    drop(soon(shop.request(&request).open()).await);
    gate.let_pass(1);
    shop.app.settled().await;
    shop.upstream
        .next(Reply::chat_stream(&["Hello"], &usage(1, 2)));
    let whole = shop.ask(&request).await;
    assert_eq!(
        (cache(&whole).1, said(&whole.text).as_str()),
        ("miss", "Hello")
    );
}

#[tokio::test]
async fn an_answer_the_money_shortened_is_not_the_next_ones() {
    let shop = caching("0.005").await;
    let clamped = shop.ask(&hello()).await;
    assert_ne!(clamped.header("x-keypurse-output-limit"), "");
    assert_eq!(cache(&clamped).1, "miss");
    let again = shop.ask(&hello()).await;
    assert_eq!(cache(&again).1, "miss");
}

#[tokio::test]
async fn only_the_same_request_of_the_same_token_is_the_same() {
    let shop = caching("1").await;
    let other = json!({"name": "other", "response_cache_seconds": 60});
    let (_, other) = shop.app.create_token(other).await;
    let plain = json!({"name": "plain"});
    let (_, plain) = shop.app.create_token(plain).await;
    assert_eq!(cache(&shop.ask(&hello()).await).1, "miss");
    let differs = with(hello(), "temperature", json!(0));
    assert_eq!(cache(&shop.ask(&differs).await).1, "miss");
    for (secret, expected) in [
        (&other, "miss"),
        (&other, "hit"),
        (&plain, ""),
        (&plain, ""),
    ] {
        let answer = shop.app.post(CHAT).key(secret).json(&hello()).send().await;
        assert_eq!(cache(&answer).1, expected);
    }
    let told = shop
        .request(&hello())
        .header("x-edenai-metadata", "enabled");
    assert_eq!(cache(&told.send().await).1, "miss");
    shop.app.finish().await;
}

#[tokio::test]
async fn an_answer_ends_with_its_time_its_setting_and_its_token() {
    let shop = caching("1").await;
    shop.ask(&hello()).await;
    shop.app.clock().advance_ms(59_000);
    assert_eq!(cache(&shop.ask(&hello()).await).1, "hit");
    shop.app.clock().advance_ms(1_000);
    assert_eq!(cache(&shop.ask(&hello()).await).1, "miss");
    set(&shop.app, &json!(null)).await;
    assert_eq!(cache(&shop.ask(&hello()).await).1, "");
    set(&shop.app, &json!(60)).await;
    assert_eq!(cache(&shop.ask(&hello()).await).1, "hit");
    assert_eq!(shop.app.delete(TOKEN).send().await.status, 204);
    assert_eq!(shop.ask(&hello()).await.status, 401);
}

#[tokio::test]
async fn a_hit_obeys_rules_and_needs_no_money() {
    let shop = caching("0.02").await;
    assert_eq!(cache(&shop.ask(&hello()).await).1, "miss");
    let broke = json!({"balance": 0});
    assert_eq!(shop.app.patch(TOKEN).json(&broke).send().await.status, 200);
    assert_eq!(cache(&shop.ask(&hello()).await), (200, "hit", "0.0"));
    let denied = json!({"denied_models": ["up/*"]});
    assert_eq!(shop.app.patch(TOKEN).json(&denied).send().await.status, 200);
    assert_eq!(shop.ask(&hello()).await.status, 403);
    shop.app.finish().await;
}

#[tokio::test]
async fn a_hit_with_an_idempotency_key_is_recorded_once() {
    let shop = caching("1").await;
    shop.ask(&hello()).await;
    let ask = || async {
        let request = shop.request(&hello()).header("idempotency-key", "k");
        request.send().await
    };
    let (hit, replay) = (ask().await, ask().await);
    assert_eq!(cache(&hit), (200, "hit", "0.0"));
    assert_eq!(
        (&hit.text, replay.header("idempotent-replayed")),
        (&replay.text, "true")
    );
    assert_eq!(shop.app.calls().len(), 2);
    shop.app.finish().await;
}

#[tokio::test]
async fn without_a_ledger_nothing_is_given_again() {
    let shop = caching("1").await;
    shop.ask(&hello()).await;
    shop.app.faults().fill_disk();
    assert_eq!(shop.ask(&hello()).await.status, 503);
    shop.app.faults().free_disk();
    assert_eq!(cache(&shop.ask(&hello()).await).1, "hit");
    shop.app.finish().await;
}

#[tokio::test]
async fn a_rehearsed_failure_is_no_repetition_of_what_went_well() {
    let shop = Shop::open("1").await;
    let rehearsing = json!({"name": "r", "token_type": "sandbox_api_token", "balance": "1",
        "active_balance": true, "simulate_budget": true, "response_cache_seconds": 60});
    let secret = shop.app.create_token(rehearsing).await.1;
    let ask = async |failure: Option<&str>| {
        let asked = with(hello(), "model", json!("openai/gpt-4o-mini"));
        let mut request = shop.app.post(CHAT).key(&secret).json(&asked);
        if let Some(failure) = failure {
            request = request.header("x-keypurse-sandbox", failure);
        }
        request.send().await
    };
    assert_eq!(cache(&ask(None).await).1, "miss");
    assert_eq!(ask(Some("rate_limit")).await.status, 429);
    assert_eq!(cache(&ask(None).await).1, "hit");
}
