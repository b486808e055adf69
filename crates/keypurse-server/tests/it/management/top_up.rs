//! `POST …/custom_token/{name}/top_up/` and `POST …/credits/top_up/`

use keypurse_store::{Accounts as _, Tokens as _};
use keypurse_testkit::{TestAnswer, TestApp};
use serde_json::{Value, json};

use super::{CREDITS, assert_error, assert_invalid, assert_not_found, assert_status, raw};
use super::{TOKENS, token_path};

const TOP_UP: &str = "/v2/user/custom_token/team/top_up/";
const CREDITS_TOP_UP: &str = "/v2/cost_management/credits/top_up/";

async fn top_up(app: &TestApp, body: &str) -> TestAnswer {
    app.post(TOP_UP).json_text(body.to_owned()).send().await
}

async fn balance(app: &TestApp) -> String {
    raw(&app.get(&token_path("team")).send().await, "balance")
}

async fn app_with(token: Value) -> TestApp {
    let app = TestApp::new().await;
    app.create_token(token).await;
    app
}

#[tokio::test]
async fn a_top_up_adds_to_the_balance_and_answers_as_get() {
    let app = app_with(json!({"name": "team", "balance": "-1.5", "active_balance": true})).await;
    let answer = top_up(&app, r#"{"amount":"5.00","note":"August"}"#).await;
    assert_status(&answer, 200);
    assert_eq!(raw(&answer, "balance"), "3.5");
    let shown = app.get(&token_path("team")).send().await;
    assert_eq!(answer.text, shown.text);
    assert_eq!(answer.header("etag"), shown.header("etag"));
    app.finish().await;
}

#[tokio::test]
async fn a_top_up_survives_a_crash() {
    let app = TestApp::builder().credits("1").build().await;
    app.create_token(json!({"name": "team"})).await;
    assert_status(&top_up(&app, r#"{"amount":"5"}"#).await, 200);
    let answer = app.post(CREDITS_TOP_UP).json(&json!({"amount": 7}));
    assert_eq!(answer.send().await.text, r#"{"credits":8.0}"#);
    let crashed = app.after_crash();
    let accounts = crashed.store.accounts().await.unwrap();
    assert_eq!(accounts[0].balance.to_string(), "8.0");
    let tokens = crashed.store.tokens(accounts[0].id).await.unwrap();
    assert_eq!(tokens[0].balance.to_string(), "5.0");
    app.finish().await;
}

#[tokio::test]
async fn an_amount_is_read_as_a_balance_is_and_must_be_positive() {
    let app = app_with(json!({"name": "team"})).await;
    for (amount, expected) in [
        (r#""1""#, "1.0"),
        ("1", "2.0"),
        (r#""1e-05""#, "2.00001"),
        ("1e-9", "2.000010001"),
        ("0.0000000014", "2.000010002"),
        (r#"".5""#, "2.500010002"),
    ] {
        let answer = top_up(&app, &format!(r#"{{"amount":{amount}}}"#)).await;
        assert_status(&answer, 200);
        assert_eq!(raw(&answer, "balance"), expected, "{amount}");
    }
    let positive = "Ensure this value is greater than 0.";
    let range = "Ensure this value is greater than -100000 and less than 100000.";
    for (amount, reason) in [
        ("0", positive),
        (r#""0.00""#, positive),
        ("-1", positive),
        ("1e-10", positive),
        ("100000", range),
        (r#""1e5""#, range),
        (
            r#""1.0000000001""#,
            "Ensure that there are no more than 9 decimal places.",
        ),
        (r#""""#, "A valid number is required."),
        ("true", "A valid number is required."),
        ("null", "This field may not be null."),
    ] {
        let answer = top_up(&app, &format!(r#"{{"amount":{amount}}}"#)).await;
        assert_invalid(&answer, &json!({"amount": [reason]}));
    }
    for body in ["{}", r#"{"note":"x"}"#] {
        let answer = top_up(&app, body).await;
        assert_invalid(&answer, &json!({"amount": ["This field is required."]}));
    }
    assert_eq!(balance(&app).await, "2.500010002");
    app.finish().await;
}

#[tokio::test]
async fn a_note_is_up_to_500_printable_characters() {
    let app = app_with(json!({"name": "team"})).await;
    let longest = "é".repeat(500);
    for note in ["", "Invoice 17 / Zoë", &longest] {
        let body = json!({"amount": 1, "note": note}).to_string();
        assert_status(&top_up(&app, &body).await, 200);
    }
    let control = "Control characters are not allowed.";
    for (note, reason) in [
        (
            json!("é".repeat(501)),
            "Ensure this field has no more than 500 characters.",
        ),
        (json!("two\nlines"), control),
        (json!("\u{7f}"), control),
        (json!(7), "Not a valid string."),
        (json!(null), "This field may not be null."),
    ] {
        let answer = top_up(&app, &json!({"amount": 1, "note": note}).to_string()).await;
        assert_invalid(&answer, &json!({"note": [reason]}));
    }
    let both = top_up(&app, r#"{"amount":0,"note":7}"#).await;
    let reasons = json!({
        "amount": ["Ensure this value is greater than 0."],
        "note": ["Not a valid string."],
    });
    assert_invalid(&both, &reasons);
    assert_eq!(balance(&app).await, "3.0");
    app.finish().await;
}

#[tokio::test]
async fn what_does_not_fit_is_refused_whole() {
    let app = app_with(json!({"name": "team", "balance": "99999"})).await;
    let reasons = json!({"amount": ["The balance would be more than it may be; top up less."]});
    assert_invalid(&top_up(&app, r#"{"amount":1}"#).await, &reasons);
    assert_eq!(balance(&app).await, "99999.0");
    let most = top_up(&app, r#"{"amount":"0.999999999"}"#).await;
    assert_eq!(raw(&most, "balance"), "99999.999999999");
    assert_invalid(&top_up(&app, r#"{"amount":"0.000000001"}"#).await, &reasons);
    app.finish().await;
}

#[tokio::test]
async fn a_token_whose_balance_is_off_is_credited_and_stays_off() {
    let app = app_with(json!({"name": "team"})).await;
    let answer = top_up(&app, r#"{"amount":"2"}"#).await;
    assert_eq!(raw(&answer, "balance"), "2.0");
    assert_eq!(raw(&answer, "active_balance"), "false");
    app.finish().await;
}

#[tokio::test]
async fn a_due_reset_comes_before_the_money() {
    let daily = json!({
        "name": "team", "balance": "1", "balance_reset_period": "daily",
        "balance_reset_amount": "10",
    });
    let app = app_with(daily).await;
    app.clock().set("2026-11-22T00:00:00Z");
    let answer = top_up(&app, r#"{"amount":"2"}"#).await;
    assert_eq!(raw(&answer, "balance"), "12.0");
    assert_eq!(balance(&app).await, "12.0");
    app.clock().set("2026-11-23T00:00:00Z");
    assert_eq!(balance(&app).await, "10.0");
    app.finish().await;
}

#[tokio::test]
async fn credits_are_topped_up_as_they_are_shown() {
    let limited = TestApp::builder().credits("42.5").build().await;
    let answer = limited
        .post(CREDITS_TOP_UP)
        .json(&json!({"amount": "7.25"}));
    let answer = answer.send().await;
    assert_eq!(
        (answer.status, &*answer.text),
        (200, r#"{"credits":49.75}"#)
    );
    assert_eq!(limited.get(CREDITS).send().await.text, answer.text);
    limited.finish().await;
    let unlimited = TestApp::new().await;
    let answer = unlimited.post(CREDITS_TOP_UP).json(&json!({"amount": 1}));
    let answer = answer.send().await;
    assert_eq!(answer.text, r#"{"credits":1.0,"unlimited":true}"#);
    let wrong = unlimited.post(CREDITS_TOP_UP).json(&json!({"amount": "x"}));
    assert_invalid(
        &wrong.send().await,
        &json!({"amount": ["A valid number is required."]}),
    );
    unlimited.finish().await;
}

#[tokio::test]
async fn an_account_may_have_more_credits_than_a_token_balance() {
    let app = TestApp::builder().credits("99999").build().await;
    for expected in [r#"{"credits":199998.0}"#, r#"{"credits":299997.0}"#] {
        let answer = app.post(CREDITS_TOP_UP).json(&json!({"amount": 99999}));
        assert_eq!(answer.send().await.text, expected);
    }
    app.finish().await;
}

#[tokio::test]
async fn only_account_keys_top_up() {
    let app = TestApp::new().await;
    let (_, secret) = app
        .create_token(json!({"name": "team", "balance": "1"}))
        .await;
    for (path, reason) in [
        (TOP_UP, "You do not have permission to manage tokens"),
        (
            CREDITS_TOP_UP,
            "You do not have permission to access this resource",
        ),
    ] {
        // Before the body is looked at.
        for request in [
            app.post(path).json(&json!({"amount": 1})),
            app.post(path).body("amount=1"),
        ] {
            let answer = request.key(&secret).send().await;
            assert_error(&answer, 403, "permission_error");
            assert_eq!(answer.json()["error"]["message"], reason);
        }
        let nobody = app.post(path).json(&json!({"amount": 1})).without_key();
        assert_error(&nobody.send().await, 401, "authentication_error");
    }
    assert_eq!(balance(&app).await, "1.0");
    app.finish().await;
}

#[tokio::test]
async fn another_accounts_token_is_not_found() {
    let app = app_with(json!({"name": "team", "balance": "1"})).await;
    let other = app.account("other").await;
    let answer = app.post(TOP_UP).key(&other).json(&json!({"amount": 1}));
    assert_not_found(&answer.send().await);
    let path = format!("{TOKENS}nobody/top_up/");
    assert_not_found(&app.post(&path).json(&json!({"amount": 1})).send().await);
    assert_eq!(balance(&app).await, "1.0");
    app.finish().await;
}

#[tokio::test]
async fn the_routes_take_post_alone_with_or_without_their_slash() {
    let app = app_with(json!({"name": "team"})).await;
    for path in [TOP_UP, CREDITS_TOP_UP] {
        for path in [path, path.trim_end_matches('/')] {
            let answer = app.post(path).json(&json!({"amount": 1})).send().await;
            assert_status(&answer, 200);
            let answer = app.get(path).send().await;
            assert_error(&answer, 405, "request_error");
            assert_eq!(answer.header("allow"), "POST");
        }
    }
    assert_eq!(balance(&app).await, "2.0");
    app.finish().await;
}
