//! Periodic budgets, as GET shows them while the clock moves.

use keypurse_testkit::TestApp;
use serde_json::{Value, json};

use super::{ME, TOKENS, assert_status, raw, token_path};

fn periodic(period: &str) -> Value {
    json!({
        "name": "team", "balance": "1", "balance_reset_period": period,
        "balance_reset_amount": "10",
    })
}

async fn balance(app: &TestApp) -> String {
    raw(&app.get(&token_path("team")).send().await, "balance")
}

async fn check(zone: &str, period: &str, before: &str, at: &str) {
    let app = TestApp::builder().zone(zone).build().await;
    let (_, secret) = app.create_token(periodic(period)).await;
    app.clock().set(before);
    assert_eq!(balance(&app).await, "1.0", "{period} in {zone} before {at}");
    app.clock().set(at);
    assert_eq!(balance(&app).await, "10.0", "{period} in {zone} at {at}");
    let seen = app.get(ME).key(&secret).send().await;
    assert_eq!(raw(&seen, "balance"), "10.0");
    app.finish().await;
}

#[tokio::test]
async fn a_balance_is_set_back_at_the_first_instant_of_its_period() {
    check(
        "UTC",
        "daily",
        "2026-11-21T23:59:59.999999Z",
        "2026-11-22T00:00:00Z",
    )
    .await;
    check(
        "UTC",
        "weekly",
        "2026-11-22T23:59:59Z",
        "2026-11-23T00:00:00Z",
    )
    .await;
    check(
        "UTC",
        "monthly",
        "2026-11-30T23:59:59Z",
        "2026-12-01T00:00:00Z",
    )
    .await;
    check(
        "Europe/Paris",
        "daily",
        "2026-11-21T22:59:59Z",
        "2026-11-21T23:00:00Z",
    )
    .await;
}

#[tokio::test]
async fn a_periodic_token_starts_full_and_with_its_balance_on() {
    let app = TestApp::new().await;
    let mut wish = periodic("daily");
    wish.as_object_mut().unwrap().remove("balance");
    let answer = app.post(TOKENS).json(&wish).send().await;
    assert_status(&answer, 201);
    assert_eq!(raw(&answer, "balance"), r#""10.000000000""#);
    assert_eq!(raw(&answer, "active_balance"), "true");
    app.finish().await;
}

#[tokio::test]
async fn a_changed_amount_waits_for_the_next_reset() {
    let app = TestApp::new().await;
    app.create_token(periodic("daily")).await;
    let change = json!({"balance_reset_amount": 20});
    let changed = app.patch(&token_path("team")).json(&change).send().await;
    assert_eq!(raw(&changed, "balance"), "1.0");
    assert_eq!(raw(&changed, "balance_reset_amount"), "20.0");
    app.clock().set("2026-11-22T00:00:00Z");
    assert_eq!(balance(&app).await, "20.0");
    app.finish().await;
}

#[tokio::test]
async fn a_balance_set_by_hand_lasts_until_the_next_reset() {
    let app = TestApp::new().await;
    app.create_token(periodic("daily")).await;
    app.clock().set("2026-11-22T06:00:00Z");
    let change = json!({"balance": 3});
    let changed = app.patch(&token_path("team")).json(&change).send().await;
    assert_eq!(raw(&changed, "balance"), "3.0");
    assert_eq!(balance(&app).await, "3.0");
    app.clock().set("2026-11-23T00:00:00Z");
    assert_eq!(balance(&app).await, "10.0");
    app.finish().await;
}

#[tokio::test]
async fn switching_the_balance_or_the_period_off_clears_the_amount() {
    for change in [
        json!({"active_balance": false}),
        json!({"balance_reset_period": "none"}),
    ] {
        let app = TestApp::new().await;
        app.create_token(periodic("daily")).await;
        let changed = app
            .patch(&token_path("team"))
            .json(&change)
            .send()
            .await
            .json();
        assert_eq!(changed["balance_reset_period"], "none", "{change}");
        assert_eq!(changed["balance_reset_amount"], json!(null), "{change}");
        app.clock().set("2026-12-24T00:00:00Z");
        assert_eq!(balance(&app).await, "1.0", "{change}");
        app.finish().await;
    }
}

#[tokio::test]
async fn a_clock_that_steps_back_does_not_reset_twice() {
    let app = TestApp::new().await;
    app.create_token(periodic("daily")).await;
    app.clock().set("2026-11-22T00:00:00Z");
    let spent = json!({"balance": 4});
    assert_status(
        &app.patch(&token_path("team")).json(&spent).send().await,
        200,
    );
    app.clock().set("2026-11-21T23:00:00Z");
    assert_eq!(balance(&app).await, "4.0");
    app.clock().set("2026-11-22T00:00:01Z");
    assert_eq!(balance(&app).await, "4.0");
    app.finish().await;
}
