//! `GET /v2/user/custom_token/me/`

use keypurse_testkit::TestApp;
use serde_json::json;

use super::{ME, assert_error, assert_status};

#[tokio::test]
async fn a_token_sees_itself_with_a_masked_secret() {
    let app = TestApp::new().await;
    let wish = json!({
        "name": "team", "balance": "-1.5", "active_balance": true,
        "allowed_models": ["up/*"], "max_concurrency": 2,
    });
    let (_, secret) = app.create_token(wish).await;
    let answer = app.get(ME).key(&secret).send().await;
    assert_status(&answer, 200);
    let masked = format!("{}…{}", &secret[..8], &secret[secret.len() - 4..]);
    let expected = json!({
        "name": "team",
        "token_type": "api_token",
        "balance": -1.5,
        "active_balance": true,
        "expire_time": null,
        "balance_reset_period": "none",
        "balance_reset_amount": null,
        "overdraft": "clamp",
        "simulate_budget": false,
        "allowed_models": ["up/*"],
        "denied_models": null,
        "requests_per_minute": null,
        "tokens_per_minute": null,
        "max_concurrency": 2,
        "allowed_ips": null,
        "tags": null,
        "response_cache_seconds": null,
        "masked": masked,
    });
    assert_eq!(answer.json(), expected);
    assert!(!answer.text.contains(&secret));
    app.finish().await;
}

#[tokio::test]
async fn during_grace_each_secret_sees_itself() {
    let app = TestApp::new().await;
    let (_, old) = app.create_token(json!({"name": "team"})).await;
    let rotate = app.post("/v2/user/custom_token/team/rotate");
    let rotated = rotate
        .json(&json!({"grace_period": 60}))
        .send()
        .await
        .json();
    for secret in [old.as_str(), rotated["token"].as_str().unwrap()] {
        let seen = app.get(ME).key(secret).send().await.json();
        assert!(
            seen["masked"]
                .as_str()
                .unwrap()
                .ends_with(&secret[secret.len() - 4..])
        );
    }
    app.finish().await;
}

#[tokio::test]
async fn an_account_key_is_no_custom_token() {
    let app = TestApp::new().await;
    assert_error(&app.get(ME).send().await, 403, "permission_error");
    assert_error(
        &app.get(ME).without_key().send().await,
        401,
        "authentication_error",
    );
    app.finish().await;
}
