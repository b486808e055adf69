//! `POST /v2/user/custom_token/{name}/rotate/`

use keypurse_testkit::TestApp;
use serde_json::{Value, json};

use super::{assert_invalid, assert_status, raw, token_path, works};

const ROTATE: &str = "/v2/user/custom_token/team/rotate/";

async fn rotate(app: &TestApp, body: &Value) -> String {
    let answer = app.post(ROTATE).json(body).send().await;
    assert_status(&answer, 200);
    answer.json()["token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_rotated_out_secret_is_dead_at_once() {
    let app = TestApp::new().await;
    let (_, old) = app
        .create_token(json!({"name": "team", "balance": "5"}))
        .await;
    let answer = app.post(ROTATE).send().await;
    assert_status(&answer, 200);
    assert_eq!(raw(&answer, "balance"), "5.0", "the purse stays");
    let new = answer.json()["token"].as_str().unwrap().to_owned();
    assert_ne!(old, new);
    assert!(!works(&app, &old).await && works(&app, &new).await);
    assert_eq!(
        app.get(&token_path("team")).send().await.json()["token"],
        new
    );
    app.finish().await;
}

#[tokio::test]
async fn an_old_secret_works_until_its_grace_ends() {
    let app = TestApp::new().await;
    let (_, old) = app.create_token(json!({"name": "team"})).await;
    let new = rotate(&app, &json!({"grace_period": 60})).await;
    assert!(works(&app, &old).await && works(&app, &new).await);
    app.clock().advance_ms(59_999);
    assert!(works(&app, &old).await && works(&app, &new).await);
    app.clock().advance_ms(1);
    assert!(!works(&app, &old).await && works(&app, &new).await);
    app.finish().await;
}

#[tokio::test]
async fn at_most_two_secrets_live() {
    let app = TestApp::new().await;
    let (_, first) = app.create_token(json!({"name": "team"})).await;
    let second = rotate(&app, &json!({"grace_period": 2_592_000})).await;
    let third = rotate(&app, &json!({"grace_period": 2_592_000})).await;
    assert!(!works(&app, &first).await);
    assert!(works(&app, &second).await && works(&app, &third).await);
    let fourth = rotate(&app, &json!({})).await;
    assert!(!works(&app, &second).await && !works(&app, &third).await);
    assert!(works(&app, &fourth).await);
    app.finish().await;
}

#[tokio::test]
async fn a_sandbox_token_keeps_its_prefix() {
    let app = TestApp::new().await;
    app.create_token(json!({"name": "team", "token_type": "sandbox_api_token"}))
        .await;
    assert!(rotate(&app, &json!({})).await.starts_with("kp_test_"));
    app.finish().await;
}

#[tokio::test]
async fn a_grace_period_is_whole_seconds_up_to_thirty_days() {
    let app = TestApp::new().await;
    app.create_token(json!({"name": "team"})).await;
    for value in ["0", "60", "60.0", "2592000"] {
        let body = format!(r#"{{"grace_period":{value}}}"#);
        assert_status(&app.post(ROTATE).json_text(body).send().await, 200);
    }
    let integer = "A valid integer is required.";
    let range = "Ensure this value is between 0 and 2592000.";
    for (value, reason) in [
        ("null", "This field may not be null."),
        ("-1", range),
        ("2592001", range),
        ("99999999999999999999", range),
        ("1.5", integer),
        ("1e3", integer),
        (r#""60""#, integer),
        ("true", integer),
        ("[]", integer),
    ] {
        let body = format!(r#"{{"grace_period":{value}}}"#);
        let answer = app.post(ROTATE).json_text(body).send().await;
        assert_invalid(&answer, &json!({"grace_period": [reason]}));
    }
    app.finish().await;
}
