//! What each command says, in every form.

use keypurse_server::background::alerts::Evaluator;
use keypurse_server::gateway::{Gateway, GatewayConfig, ProviderConfig, ProviderKind, StreamHold};
use keypurse_testkit::TestApp;
use serde_json::json;

use super::transcript::check;

const DEMO: &str = "demo/echo";

#[tokio::test]
async fn tokens_are_made_shown_changed_and_deleted() {
    let app = TestApp::new().await;
    check(&app, "token.txt").await;
    app.finish().await;
}

#[tokio::test]
async fn a_secret_that_is_shown_once_is_not_shown_again() {
    let app = TestApp::builder().without_reveal().build().await;
    check(&app, "token_hidden.txt").await;
    app.finish().await;
}

/// A node with a priced provider that is part of it.
async fn with_demo() -> TestApp {
    let demo = ProviderConfig {
        name: "demo".to_owned(),
        kind: ProviderKind::Demo,
        free: false,
        stream_hold: StreamHold::Blocks,
    };
    let config = GatewayConfig {
        providers: vec![demo],
        ..GatewayConfig::default()
    };
    let gateway = Gateway::new(config).unwrap();
    TestApp::builder().gateway(gateway).build().await
}

async fn call(app: &TestApp, secret: &str, model: &str, status: u16) {
    let body = json!({"model": model, "messages": [{"role": "user", "content": "Hello"}]});
    let answer = app.post("/v1/chat/completions").key(secret).json(&body);
    let answer = answer.send().await;
    assert_eq!(answer.status, status, "{}", answer.text);
}

/// Two keys that were used, the day before and on the day.
async fn used() -> TestApp {
    let app = with_demo().await;
    let ci = json!({"name": "ci", "balance": "5", "active_balance": true, "tags": ["eu"]});
    let (_, ci) = app.create_token(ci).await;
    let (_, agent) = app.create_token(json!({"name": "agent/7"})).await;
    app.clock().set("2026-11-20T12:00:00Z");
    call(&app, &ci, DEMO, 200).await;
    app.clock().set("2026-11-21T12:00:00Z");
    call(&app, &agent, DEMO, 200).await;
    app.clock().set("2026-11-21T12:40:00Z");
    call(&app, &ci, DEMO, 200).await;
    call(&app, app.account_key(), DEMO, 200).await;
    app.clock().set("2026-11-21T12:40:30Z");
    app.settled().await;
    app
}

#[tokio::test]
async fn usage_is_told_in_groups_and_call_by_call() {
    let app = used().await;
    check(&app, "usage.txt").await;
    app.finish().await;
}

#[tokio::test]
async fn top_shows_what_was_spent_in_the_last_minute_hour_and_today() {
    let app = used().await;
    check(&app, "top.txt").await;
    app.finish().await;
}

#[tokio::test]
async fn alerts_are_made_shown_changed_tested_and_deleted() {
    let app = TestApp::new().await;
    app.create_token(json!({"name": "ci", "balance": "1", "active_balance": true}))
        .await;
    check(&app, "alerts.txt").await;
    app.finish().await;
}

#[tokio::test]
async fn what_fired_and_what_receivers_were_told_is_listed() {
    // Nobody listens there, so that nobody takes what is sent.
    let app = TestApp::builder().private_webhooks(&["127.0.0.1/32"]);
    let app = app.build().await;
    app.create_token(json!({"name": "ci", "balance": "1", "active_balance": true}))
        .await;
    let webhook = json!({"url": "http://127.0.0.1:1/hook"});
    let rule = json!({"name": "low", "kind": "balance_below", "threshold": 5, "token": "*",
                      "webhook": webhook});
    let made = app.post("/v2/alerts/").json(&rule).send().await;
    assert_eq!(made.status, 201, "{}", made.text);
    app.clock().advance_ms(60_000);
    assert_eq!(Evaluator::default().tick(app.state()).await.unwrap(), 1);
    app.clock().advance_ms(60_000);
    check(&app, "alerts_fired.txt").await;
    app.finish().await;
}
