//! Every rule of every field but the name, on create and on update.

use keypurse_testkit::TestApp;
use serde_json::json;

use super::{TOKENS, assert_invalid, assert_status, raw, token_path};

const INSTANT: &str = "Datetime has wrong format. Use one of these formats instead: \
                       YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].";
const NULL: &str = "This field may not be null.";
const NUMBER: &str = "A valid number is required.";
const DECIMALS: &str = "Ensure that there are no more than 9 decimal places.";
const DIGITS: &str = "Ensure that there are no more than 5 digits before the decimal point.";
const RANGE: &str = "Ensure this value is greater than -100000 and less than 100000.";

/// Creates and updates a token with one field of this JSON text; both answers
/// show it so. Leaves nothing behind.
async fn check_taken(app: &TestApp, field: &str, value: &str, created: &str, updated: &str) {
    let body = format!(r#"{{"name":"one","{field}":{value}}}"#);
    let answer = app.post(TOKENS).json_text(body).send().await;
    assert_status(&answer, 201);
    assert_eq!(raw(&answer, field), created, "POST {field}: {value}");
    app.create_token(json!({"name": "two"})).await;
    let body = format!(r#"{{"{field}":{value}}}"#);
    let answer = app.patch(&token_path("two")).json_text(body).send().await;
    assert_status(&answer, 200);
    assert_eq!(raw(&answer, field), updated, "PATCH {field}: {value}");
    let shown = app.get(&token_path("two")).send().await;
    assert_eq!(raw(&shown, field), updated, "GET {field}: {value}");
    for name in ["one", "two"] {
        assert_status(&app.delete(&token_path(name)).send().await, 204);
    }
}

/// Create and update refuse one field of this JSON text for this reason.
async fn check_refused(app: &TestApp, field: &str, value: &str, reason: &str) {
    let body = format!(r#"{{"name":"new","{field}":{value}}}"#);
    let answer = app.post(TOKENS).json_text(body).send().await;
    assert_invalid(&answer, &json!({field: [reason]}));
    let body = format!(r#"{{"{field}":{value}}}"#);
    let answer = app.patch(&token_path("old")).json_text(body).send().await;
    assert_invalid(&answer, &json!({field: [reason]}));
}

#[tokio::test]
async fn a_balance_is_taken_exactly() {
    let app = TestApp::new().await;
    for (value, created, updated) in [
        ("0", "0.000000000", "0.0"),
        ("-0", "0.000000000", "0.0"),
        ("50", "50.000000000", "50.0"),
        ("50.00", "50.000000000", "50.0"),
        (r#""50.00""#, "50.000000000", "50.0"),
        (r#""5.""#, "5.000000000", "5.0"),
        (r#"".5""#, "0.500000000", "0.5"),
        (r#""-.5""#, "-0.500000000", "-0.5"),
        (r#""00001""#, "1.000000000", "1.0"),
        ("1e-09", "0.000000001", "0.000000001"),
        (r#""1e-05""#, "0.000010000", "0.00001"),
        (r#""1E-09""#, "0.000000001", "0.000000001"),
        ("1E2", "100.000000000", "100.0"),
        (r#""1e4""#, "10000.000000000", "10000.0"),
        ("0.1", "0.100000000", "0.1"),
        ("99999.999999999", "99999.999999999", "99999.999999999"),
        (
            r#""-99999.999999999""#,
            "-99999.999999999",
            "-99999.999999999",
        ),
        // 100/3 as Python sends it.
        ("33.333333333333336", "33.333333333", "33.333333333"),
        // A number of ten decimals is rounded, half to even.
        ("0.0000000015", "0.000000002", "0.000000002"),
        ("0.0000000025", "0.000000002", "0.000000002"),
        ("1e-999999999999", "0.000000000", "0.0"),
        ("123456789012345e-10", "12345.678901234", "12345.678901234"),
    ] {
        check_taken(&app, "balance", value, &format!("\"{created}\""), updated).await;
    }
    app.finish().await;
}

#[tokio::test]
async fn what_is_no_balance_is_refused_with_its_reason() {
    let app = TestApp::new().await;
    app.create_token(json!({"name": "old"})).await;
    for (value, reason) in [
        ("null", NULL),
        (r#""""#, NUMBER),
        (r#""-""#, NUMBER),
        (r#"".""#, NUMBER),
        (r#""-.""#, NUMBER),
        (r#""abc""#, NUMBER),
        (r#"" 1""#, NUMBER),
        (r#""+1""#, NUMBER),
        (r#""1,5""#, NUMBER),
        (r#""1e""#, NUMBER),
        (r#""NaN""#, NUMBER),
        (r#""Infinity""#, NUMBER),
        (r#""١""#, NUMBER),
        (r#""0x10""#, NUMBER),
        ("true", NUMBER),
        ("[]", NUMBER),
        ("{}", NUMBER),
        (r#""0.0000000001""#, DECIMALS),
        (r#""1e-10""#, DECIMALS),
        (r#""1.0000000000""#, DECIMALS),
        ("100000", RANGE),
        ("-100000", RANGE),
        ("99999.9999999999", RANGE),
        ("1e5", RANGE),
        ("1e400", RANGE),
        ("1e999999999999", RANGE),
        (r#""100000""#, RANGE),
        (r#""1e5""#, RANGE),
        (r#""000001""#, DIGITS),
        (r#""000001.5""#, DIGITS),
        (r#""0100000""#, RANGE),
        ("9223372036854775808", RANGE),
    ] {
        check_refused(&app, "balance", value, reason).await;
    }
    app.finish().await;
}

#[tokio::test]
async fn a_boolean_is_true_or_false() {
    let app = TestApp::new().await;
    check_taken(&app, "active_balance", "true", "true", "true").await;
    check_taken(&app, "active_balance", "false", "false", "false").await;
    app.create_token(json!({"name": "old"})).await;
    check_refused(&app, "active_balance", "null", NULL).await;
    for value in [r#""true""#, "1", "0", r#""""#, "[]"] {
        check_refused(&app, "active_balance", value, "Must be a valid boolean.").await;
    }
    app.finish().await;
}

#[tokio::test]
async fn an_expiry_is_an_instant_shown_as_utc() {
    let app = TestApp::new().await;
    for (value, shown) in [
        ("null", "null"),
        (r#""2027-01-01T00:00:00Z""#, r#""2027-01-01T00:00:00Z""#),
        (r#""2027-01-01T00:00:00""#, r#""2027-01-01T00:00:00Z""#),
        (
            r#""2027-01-01T01:30:00+01:30""#,
            r#""2027-01-01T00:00:00Z""#,
        ),
        (
            r#""2027-01-01T00:00:00.5Z""#,
            r#""2027-01-01T00:00:00.500000Z""#,
        ),
        (
            r#""2027-01-01T00:00:00.000001Z""#,
            r#""2027-01-01T00:00:00.000001Z""#,
        ),
        (r#""2001-01-01T00:00:00Z""#, r#""2001-01-01T00:00:00Z""#),
        (r#""9999-12-31T23:59:59Z""#, r#""9999-12-31T23:59:59Z""#),
    ] {
        check_taken(&app, "expire_time", value, shown, shown).await;
    }
    app.create_token(json!({"name": "old"})).await;
    for value in [
        r#""""#,
        r#""tomorrow""#,
        r#""2027-02-30T00:00:00Z""#,
        r#""2027-01-01T25:00:00Z""#,
        r#""10000-01-01T00:00:00Z""#,
        "1767225600",
        "true",
        "[]",
        "{}",
    ] {
        check_refused(&app, "expire_time", value, INSTANT).await;
    }
    app.finish().await;
}

#[tokio::test]
async fn a_choice_is_one_of_its_words() {
    let app = TestApp::new().await;
    for word in [r#""clamp""#, r#""refuse""#, r#""allow""#] {
        check_taken(&app, "overdraft", word, word, word).await;
    }
    check_taken(
        &app,
        "balance_reset_period",
        "null",
        r#""none""#,
        r#""none""#,
    )
    .await;
    check_taken(
        &app,
        "balance_reset_period",
        r#""none""#,
        r#""none""#,
        r#""none""#,
    )
    .await;
    app.create_token(json!({"name": "old"})).await;
    check_refused(&app, "overdraft", "null", NULL).await;
    for field in ["overdraft", "balance_reset_period"] {
        for (value, shown) in [
            (r#""""#, ""),
            (r#""CLAMP""#, "CLAMP"),
            (r#""yearly""#, "yearly"),
            ("1", "1"),
            ("true", "true"),
            ("[]", "[]"),
        ] {
            let reason = format!("\"{shown}\" is not a valid choice.");
            check_refused(&app, field, value, &reason).await;
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn a_kind_is_chosen_on_create_alone() {
    let app = TestApp::new().await;
    for (value, reason) in [
        ("null", NULL),
        (r#""live""#, "\"live\" is not a valid choice."),
        ("1", "\"1\" is not a valid choice."),
    ] {
        let body = format!(r#"{{"name":"new","token_type":{value}}}"#);
        let answer = app.post(TOKENS).json_text(body).send().await;
        assert_invalid(&answer, &json!({"token_type": [reason]}));
    }
    app.finish().await;
}

#[tokio::test]
async fn a_reset_amount_is_money_above_nothing() {
    let app = TestApp::new().await;
    app.create_token(json!({"name": "old"})).await;
    for (value, reason) in [
        ("null", NULL),
        (r#""-""#, NUMBER),
        ("true", NUMBER),
        (r#""0.0000000001""#, DECIMALS),
        ("100000", RANGE),
    ] {
        check_refused(&app, "balance_reset_amount", value, reason).await;
    }
    for value in ["0", "-1", r#""0""#, "1e-10"] {
        let period = r#""balance_reset_period":"daily""#;
        let body = format!(r#"{{"name":"new",{period},"balance_reset_amount":{value}}}"#);
        let reasons = json!({"balance_reset_amount": ["Ensure this value is greater than 0."]});
        assert_invalid(
            &app.post(TOKENS).json_text(body.clone()).send().await,
            &reasons,
        );
        assert_invalid(
            &app.patch(&token_path("old")).json_text(body).send().await,
            &reasons,
        );
    }
    app.finish().await;
}

#[tokio::test]
async fn a_period_and_its_amount_need_each_other_and_a_balance() {
    let app = TestApp::new().await;
    app.create_token(json!({"name": "old"})).await;
    let without_period = "A reset amount needs a reset period; send `balance_reset_period` too.";
    let without_balance = "A reset period needs an active balance; leave this out or send true.";
    for (members, reasons) in [
        (
            r#""balance_reset_period":"daily""#,
            json!({"balance_reset_amount": ["This field is required."]}),
        ),
        (
            r#""balance_reset_amount":5"#,
            json!({"balance_reset_amount": [without_period]}),
        ),
        (
            r#""balance_reset_amount":5,"balance_reset_period":"none""#,
            json!({"balance_reset_amount": [without_period]}),
        ),
        (
            r#""balance_reset_amount":5,"balance_reset_period":"daily","active_balance":false"#,
            json!({"active_balance": [without_balance]}),
        ),
    ] {
        let body = format!(r#"{{"name":"new",{members}}}"#);
        assert_invalid(
            &app.post(TOKENS).json_text(body.clone()).send().await,
            &reasons,
        );
        assert_invalid(
            &app.patch(&token_path("old")).json_text(body).send().await,
            &reasons,
        );
    }
    app.finish().await;
}
