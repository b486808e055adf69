//! `POST /v2/user/custom_token/`

use keypurse_testkit::TestApp;
use serde_json::json;

use super::{TOKENS, assert_invalid, assert_status, token_path};

#[tokio::test]
async fn a_name_alone_makes_a_token_without_budget() {
    let app = TestApp::new().await;
    let answer = app.post(TOKENS).json(&json!({"name": "team"})).send().await;
    assert_status(&answer, 201);
    let mut created = answer.json();
    let secret = created["token"].take();
    assert!(secret.as_str().unwrap().starts_with("kp_live_"), "{secret}");
    let expected = json!({
        "name": "team",
        "token_type": "api_token",
        "balance": "0.000000000",
        "active_balance": false,
        "expire_time": null,
        "balance_reset_period": "none",
        "balance_reset_amount": null,
        "overdraft": "clamp",
        "simulate_budget": false,
        "allowed_models": null,
        "denied_models": null,
        "requests_per_minute": null,
        "tokens_per_minute": null,
        "max_concurrency": null,
        "allowed_ips": null,
        "tags": null,
        "response_cache_seconds": null,
        "token": null,
    });
    assert_eq!(created, expected);
    app.finish().await;
}

#[tokio::test]
async fn every_setting_is_taken_and_shown() {
    let app = TestApp::new().await;
    let wish = json!({
        "name": "everything",
        "token_type": "sandbox_api_token",
        "balance": "50.00",
        "active_balance": true,
        "expire_time": "2027-01-01T02:00:00+02:00",
        "balance_reset_period": "monthly",
        "balance_reset_amount": 100,
        "overdraft": "refuse",
        "allowed_models": ["openai/*", "*/gpt-5*"],
        "denied_models": ["*-preview"],
        "requests_per_minute": 60,
        "tokens_per_minute": 100_000,
        "max_concurrency": 5,
        "allowed_ips": ["10.0.0.0/8", "2001:db8::/32"],
        "tags": ["team a", "Ключ"],
        "response_cache_seconds": 60,
    });
    let answer = app.post(TOKENS).json(&wish).send().await;
    assert_status(&answer, 201);
    let mut created = answer.json();
    let secret = created["token"].take();
    assert!(secret.as_str().unwrap().starts_with("kp_test_"), "{secret}");
    let expected = json!({
        "name": "everything",
        "token_type": "sandbox_api_token",
        "balance": "50.000000000",
        "active_balance": true,
        "expire_time": "2027-01-01T00:00:00Z",
        "balance_reset_period": "monthly",
        "balance_reset_amount": "100.000000000",
        "overdraft": "refuse",
        "simulate_budget": false,
        "allowed_models": ["openai/*", "*/gpt-5*"],
        "denied_models": ["*-preview"],
        "requests_per_minute": 60,
        "tokens_per_minute": 100_000,
        "max_concurrency": 5,
        "allowed_ips": ["10.0.0.0/8", "2001:db8::/32"],
        "tags": ["team a", "Ключ"],
        "response_cache_seconds": 60,
        "token": null,
    });
    assert_eq!(created, expected);
    app.finish().await;
}

#[tokio::test]
async fn all_faults_are_reported_at_once() {
    let app = TestApp::new().await;
    app.create_token(json!({"name": "taken"})).await;
    let wish = json!({
        "name": " taken ",
        "token_type": "live",
        "balance": [],
        "active_balance": "yes",
        "expire_time": 1,
        "balance_reset_period": 7,
        "balance_reset_amount": null,
        "overdraft": "maybe",
        "allowed_models": [],
        "denied_models": ["openai/*", 1, "gpt-5"],
        "requests_per_minute": 0,
        "tokens_per_minute": "60",
        "max_concurrency": 1.5,
        "allowed_ips": ["10.0.0.5/8", "localhost"],
        "tags": "team a",
        "response_cache_seconds": 86_401,
    });
    let answer = app.post(TOKENS).json(&wish).send().await;
    let instant = "Datetime has wrong format. Use one of these formats instead: \
                   YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].";
    assert_invalid(
        &answer,
        &json!({
            "name": ["Token with this name already exists."],
            "token_type": ["\"live\" is not a valid choice."],
            "balance": ["A valid number is required."],
            "active_balance": ["Must be a valid boolean."],
            "expire_time": [instant],
            "balance_reset_period": ["\"7\" is not a valid choice."],
            "balance_reset_amount": ["This field may not be null."],
            "overdraft": ["\"maybe\" is not a valid choice."],
            "allowed_models": ["This list may not be empty; send null for no rule."],
            "denied_models": [
                "Item 2: Not a valid string.",
                "Item 3: Write `provider/model`, with `*` for any characters: \
                 `openai/*`, `*/gpt-5*`.",
            ],
            "requests_per_minute": ["Ensure this value is between 1 and 1000000."],
            "tokens_per_minute": ["A valid integer is required."],
            "max_concurrency": ["A valid integer is required."],
            "allowed_ips": [
                "Item 1: This is an address inside a network; for all of it write 10.0.0.0/8.",
                "Item 2: Not an IP address or a network such as 10.0.0.0/8.",
            ],
            "tags": ["Expected a list of items."],
            "response_cache_seconds": ["Ensure this value is between 1 and 86400."],
        }),
    );
    app.finish().await;
}

#[tokio::test]
async fn a_taken_name_is_refused_and_a_freed_one_is_not() {
    let app = TestApp::new().await;
    app.create_token(json!({"name": "team"})).await;
    let again = app.post(TOKENS).json(&json!({"name": "team"})).send().await;
    let taken = json!({"name": ["Token with this name already exists."]});
    assert_invalid(&again, &taken);
    let other_case = app.post(TOKENS).json(&json!({"name": "Team"})).send().await;
    assert_status(&other_case, 201);
    assert_status(&app.delete(&token_path("team")).send().await, 204);
    app.create_token(json!({"name": "team"})).await;
    app.finish().await;
}

#[tokio::test]
async fn of_two_parallel_creates_of_one_name_one_wins() {
    let app = TestApp::new().await;
    for round in 0..20 {
        let body = json!({"name": format!("round {round}")});
        let one = app.post(TOKENS).json(&body).send();
        let two = app.post(TOKENS).json(&body).send();
        let (one, two) = tokio::join!(one, two);
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 400]);
    }
    app.finish().await;
}

#[tokio::test]
async fn what_a_client_may_not_decide_is_ignored() {
    let app = TestApp::new().await;
    let wish = json!({
        "name": "team", "token": "kp_live_mine", "id": 7, "account": 2, "held": 1,
        "digest": "00", "created_at": "2020-01-01", "status": "admin", "masked": "x",
        "simulated": true, "rules": {"tags": ["a"]},
    });
    let answer = app.post(TOKENS).json(&wish).send().await;
    assert_status(&answer, 201);
    let created = answer.json();
    assert_ne!(created["token"], "kp_live_mine");
    for ignored in ["id", "account", "held", "status", "simulated", "rules"] {
        assert!(created.get(ignored).is_none(), "{ignored}");
    }
    app.finish().await;
}
