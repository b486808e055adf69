//! Spending and errors within a window.

use keypurse_testkit::upstream::Reply;
use serde_json::json;

use super::Watched;

#[tokio::test]
async fn spending_is_told_above_its_rate_and_once() {
    let mut watched = Watched::open().await;
    let secret = watched.token("t", "10").await;
    let body = json!({
        "kind": "spend_rate_above", "token": "t", "threshold": "0.025", "window": 60,
    });
    watched.alert(body).await;
    watched.call(&secret).await;
    assert_eq!(watched.look().await, 0, "what was before is not known");
    for _ in 0..2 {
        watched.call(&secret).await;
    }
    assert_eq!(watched.look_after(10).await, 0, "two cents");
    watched.call(&secret).await;
    assert_eq!(watched.look_after(10).await, 1, "three");
    let events = watched.events().await;
    assert_eq!(events[0]["measured"], json!({"spent": 0.03}));
    let expected = "Token \"t\" spent $0.03 within 1 minute, more than $0.025.";
    assert_eq!(events[0]["text"], expected);
    watched.call(&secret).await;
    assert_eq!(watched.look_after(10).await, 0, "it was told");
    assert_eq!(watched.open_events().await, 1);
    assert_eq!(watched.look_after(60).await, 0);
    assert_eq!(watched.open_events().await, 0, "nothing was spent since");
    for _ in 0..3 {
        watched.call(&secret).await;
    }
    assert_eq!(watched.look_after(10).await, 1, "again");
    watched.app.finish().await;
}

#[tokio::test]
async fn an_account_and_every_token_have_rates_of_their_own() {
    let mut watched = Watched::open().await;
    let (one, two) = (
        watched.token("one", "10").await,
        watched.token("two", "10").await,
    );
    let rate = |token| json!({"kind": "spend_rate_above", "token": token, "threshold": 0.015, "window": 3600});
    watched.alert(rate(json!("*"))).await;
    watched.alert(rate(json!(null))).await;
    assert_eq!(watched.look().await, 0);
    watched.call(&one).await;
    watched.call(&two).await;
    assert_eq!(watched.look_after(10).await, 1, "the account's two cents");
    watched.call(&two).await;
    assert_eq!(watched.look_after(10).await, 1, "one token's");
    let events = watched.events().await;
    assert_eq!(
        events[0]["subject"],
        json!({"type": "token", "name": "two"})
    );
    assert_eq!(
        events[1]["subject"],
        json!({"type": "account", "name": null})
    );
    watched.app.finish().await;
}

#[tokio::test]
async fn a_window_reaches_over_midnight() {
    let mut watched = Watched::open().await;
    watched.app.clock().set("2026-11-21T23:59:30Z");
    let secret = watched.token("t", "10").await;
    let body = json!({
        "kind": "spend_rate_above", "token": "t", "threshold": 0.015, "window": 120,
    });
    watched.alert(body).await;
    assert_eq!(watched.look().await, 0);
    watched.call(&secret).await;
    assert_eq!(watched.look_after(20).await, 0);
    watched.app.clock().advance_ms(20_000);
    watched.call(&secret).await;
    assert_eq!(watched.look().await, 1);
    watched.app.finish().await;
}

#[tokio::test]
async fn errors_are_told_above_their_share_of_enough_calls() {
    let mut watched = Watched::open().await;
    let secret = watched.token("t", "10").await;
    let body = json!({
        "kind": "error_rate_above", "token": "t", "threshold": 40, "window": 60, "least_calls": 5,
    });
    watched.alert(body).await;
    let (_, sandbox) = watched
        .app
        .create_token(json!({"name": "s", "token_type": "sandbox_api_token"}))
        .await;
    watched.look().await;
    watched
        .provider
        .always(Reply::text(400, "application/json", "{}"));
    for _ in 0..4 {
        assert_eq!(watched.call(&secret).await, 400);
        watched.call(&sandbox).await;
    }
    assert_eq!(watched.look_after(10).await, 0, "too few calls");
    assert_eq!(watched.call(&secret).await, 400);
    assert_eq!(watched.look_after(10).await, 1);
    assert_eq!(
        watched.events().await[0]["measured"],
        json!({"calls": 5, "errors": 5})
    );
    watched.app.finish().await;
}
