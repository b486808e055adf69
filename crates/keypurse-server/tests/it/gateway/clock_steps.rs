//! A clock that is wrong for a while.

use keypurse_testkit::TestApp;
use keypurse_testkit::upstream::{Reply, usage};
use serde_json::{Value, json};

use super::{CHAT, Shop, hello, with};

const TOKENS: &str = "/v2/user/custom_token/";

async fn secret(app: &TestApp, name: &str, more: Value) -> String {
    let mut body = json!({"name": name, "active_balance": true, "balance": "1"});
    let more = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(more);
    app.create_token(body).await.1
}

async fn balance(app: &TestApp, name: &str) -> f64 {
    let token = app.get(&format!("{TOKENS}{name}/")).send().await;
    token.json()["balance"].as_f64().unwrap()
}

#[tokio::test]
async fn a_clock_ten_years_ahead_for_a_while_destroys_nothing() {
    let shop = Shop::open("1").await;
    let app = &shop.app;
    shop.upstream.always(Reply::chat("Hi", &usage(10, 20)));
    let expiring = json!({"expire_time": "2026-12-01T00:00:00Z"});
    let expiring = secret(app, "expiring", expiring).await;
    let periodic = json!({"balance_reset_period": "daily", "balance_reset_amount": "5"});
    let periodic = secret(app, "periodic", periodic).await;
    let call = |secret: &str| app.post(CHAT).key(secret).json(&hello()).send();

    app.clock().set("2036-11-21T12:00:00Z");
    let expired = call(&expiring).await;
    assert_eq!(expired.status, 401);
    assert_eq!(expired.json()["error"]["code"], "api_key_expired");
    assert_eq!(call(&periodic).await.status, 200);

    app.clock().set("2026-11-21T12:00:20Z");
    assert_eq!(call(&expiring).await.status, 200, "nothing was stored");
    assert_eq!(call(&periodic).await.status, 200);
    assert!(balance(app, "periodic").await < 5.0);
    app.clock().set("2026-11-22T00:00:00Z");
    assert!(balance(app, "periodic").await >= 5.0, "the next day resets");
    assert_eq!(call(&periodic).await.status, 200);
    app.clock().set("2026-11-22T12:00:00Z");
    assert_eq!(call(&periodic).await.status, 200);
    assert!(balance(app, "periodic").await < 5.0, "once");
    shop.app.finish().await;
}

#[tokio::test]
async fn a_clock_that_jumps_ahead_for_a_moment_makes_nobody_pay_twice() {
    let shop = Shop::open("1").await;
    let app = &shop.app;
    shop.upstream.always(Reply::chat("Hi", &usage(10, 20)));
    let call = || {
        shop.request(&hello())
            .header("idempotency-key", "c1")
            .send()
    };
    let top_up = |key| {
        let request = app.post(&format!("{TOKENS}t/top_up/"));
        let request = request.header("idempotency-key", key);
        request.json(&json!({"amount": "10"})).send()
    };
    assert_eq!(call().await.status, 200);
    assert_eq!(top_up("inv-17").await.status, 200);
    let before = balance(app, "t").await;

    app.clock().jump("2026-12-11T12:00:00Z");
    // Every new key forgets some that are old.
    assert_eq!(top_up("inv-18").await.status, 200);
    assert_eq!(top_up("inv-17").await.header("idempotent-replayed"), "true");
    app.clock().set("2026-11-21T12:00:05Z");
    assert_eq!(top_up("inv-17").await.header("idempotent-replayed"), "true");
    assert_eq!(call().await.header("idempotent-replayed"), "true");
    assert!((balance(app, "t").await - before - 10.0).abs() < 1e-9);
    assert_eq!(shop.upstream.received_count(), 1);
    shop.app.finish().await;
}

#[tokio::test]
async fn a_clock_that_jumps_ahead_for_a_moment_sets_no_balance_back() {
    let shop = Shop::open("1").await;
    let app = &shop.app;
    shop.upstream.always(Reply::chat("Hi", &usage(10, 20)));
    let daily = json!({
        "balance": "100", "balance_reset_period": "daily", "balance_reset_amount": "5",
    });
    let daily = secret(app, "daily", daily).await;
    let call = || app.post(CHAT).key(&daily).json(&hello()).send();

    app.clock().jump("2026-12-11T12:00:00Z");
    assert_eq!(call().await.status, 200);
    assert!(balance(app, "daily").await > 99.0);
    let made = json!({"balance_reset_period": "daily", "balance_reset_amount": "5"});
    let made = secret(app, "made", made).await;
    app.clock().set("2026-11-21T12:00:05Z");
    for secret in [&daily, &made] {
        let answer = app.post(CHAT).key(secret).json(&hello()).send().await;
        assert_eq!(answer.status, 200);
    }
    assert!(balance(app, "daily").await > 99.0);
    assert!(balance(app, "made").await < 1.0);

    app.clock().set("2026-11-22T00:00:00Z");
    for (name, secret) in [("daily", &daily), ("made", &made)] {
        let answer = app.post(CHAT).key(secret).json(&hello()).send().await;
        assert_eq!(answer.status, 200, "{name}");
        let left = balance(app, name).await;
        assert!((4.9..5.0).contains(&left), "{name}: {left}");
    }
    shop.app.finish().await;
}

#[tokio::test]
async fn a_token_made_before_time_is_certain_is_not_set_back_on_its_first_day() {
    let shop = Shop::open("1").await;
    let app = &shop.app;
    shop.upstream.always(Reply::chat("Hi", &usage(10, 20)));
    // As after a night's pause: what the clock says is right.
    app.clock().jump("2026-11-22T08:00:00Z");
    let daily = json!({
        "balance": "2", "balance_reset_period": "daily", "balance_reset_amount": "5",
    });
    let daily = secret(app, "daily", daily).await;
    app.clock().set("2026-11-22T09:00:00Z");
    let call = || app.post(CHAT).key(&daily).json(&hello()).send();
    assert_eq!(call().await.status, 200);
    assert!(balance(app, "daily").await < 2.0);
    app.clock().set("2026-11-23T00:00:00Z");
    assert_eq!(call().await.status, 200);
    assert!(balance(app, "daily").await > 4.9, "the next day");
    shop.app.finish().await;
}

#[tokio::test]
async fn while_the_clock_is_known_to_be_behind_no_expiry_is_judged() {
    let shop = Shop::open("1").await;
    let app = &shop.app;
    shop.upstream.always(Reply::chat("Hi", &usage(10, 20)));
    let expiring = json!({"expire_time": "2026-12-01T00:00:00Z"});
    let expiring = secret(app, "expiring", expiring).await;
    app.clock().falls_behind();
    let refused = app.post(CHAT).key(&expiring).json(&hello()).send().await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, "1"));
    assert_eq!(refused.json()["error"]["code"], "ledger_unavailable");
    let me = app
        .get("/v2/user/custom_token/me/")
        .key(&expiring)
        .send()
        .await;
    assert_eq!(me.status, 503);
    assert_eq!(shop.ask(&with(hello(), "n", json!(1))).await.status, 200);
    let ready = app.get("/readyz").without_key().send().await;
    let live = app.get("/livez").without_key().send().await;
    assert_eq!((ready.status, live.status), (503, 200));
    app.clock().catches_up();
    let served = app.post(CHAT).key(&expiring).json(&hello()).send().await;
    assert_eq!(served.status, 200);
    assert_eq!(app.get("/readyz").send().await.status, 200);
    shop.app.finish().await;
}
