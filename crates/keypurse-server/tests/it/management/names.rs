//! What a name may be, in a body and in a path.

use keypurse_testkit::TestApp;
use serde_json::{Value, json};

use super::{TOKENS, assert_invalid, assert_not_found, assert_status, token_path};

async fn check_stored(app: &TestApp, name: &str, encoded: &str, stored: &str) {
    let answer = app.post(TOKENS).json(&json!({"name": name})).send().await;
    assert_status(&answer, 201);
    assert_eq!(answer.json()["name"], stored);
    for path in [token_path(encoded), format!("{TOKENS}{encoded}")] {
        let shown = app.get(&path).send().await;
        assert_status(&shown, 200);
        assert_eq!(shown.json()["name"], stored, "{path}");
    }
}

#[tokio::test]
async fn any_text_can_be_a_name_and_travels_encoded() {
    let app = TestApp::new().await;
    let long = "x".repeat(200);
    let long_unicode = "é".repeat(200);
    let long_encoded = "%C3%A9".repeat(200);
    for (name, encoded, stored) in [
        ("a/b", "a%2Fb", "a/b"),
        ("100%", "100%25", "100%"),
        ("%2F", "%252F", "%2F"),
        ("a b", "a%20b", "a b"),
        ("a+b", "a+b", "a+b"),
        ("?x=1#y", "%3Fx=1%23y", "?x=1#y"),
        ("Ünïcødé", "%C3%9Cn%C3%AFc%C3%B8d%C3%A9", "Ünïcødé"),
        ("日本語", "%E6%97%A5%E6%9C%AC%E8%AA%9E", "日本語"),
        ("👩‍💻", "%F0%9F%91%A9%E2%80%8D%F0%9F%92%BB", "👩‍💻"),
        ("...", "...", "..."),
        ("ME", "ME", "ME"),
        (" \u{3000}padded\u{a0} ", "padded", "padded"),
        (
            "'; DROP TABLE token; --",
            "';%20DROP%20TABLE%20token;%20--",
            "'; DROP TABLE token; --",
        ),
        (&long, &long, &long),
        (&long_unicode, &long_encoded, &long_unicode),
    ] {
        check_stored(&app, name, encoded, stored).await;
    }
    app.finish().await;
}

#[tokio::test]
async fn names_are_not_normalised() {
    let app = TestApp::new().await;
    check_stored(&app, "\u{e9}", "%C3%A9", "\u{e9}").await;
    check_stored(&app, "e\u{301}", "e%CC%81", "e\u{301}").await;
    app.finish().await;
}

async fn check_refused(app: &TestApp, name: Value, reason: &str) {
    let answer = app.post(TOKENS).json(&json!({"name": name})).send().await;
    assert_invalid(&answer, &json!({"name": [reason]}));
}

#[tokio::test]
async fn what_cannot_be_a_name_is_refused_with_its_reason() {
    let app = TestApp::new().await;
    let missing = app.post(TOKENS).json(&json!({})).send().await;
    assert_invalid(&missing, &json!({"name": ["This field is required."]}));
    let blank = "This field may not be blank.";
    let control = "Control characters are not allowed.";
    let long = "Ensure this field has no more than 200 characters.";
    let reserved = "This name is reserved.";
    let no_string = "Not a valid string.";
    for (name, reason) in [
        (json!(null), "This field may not be null."),
        (json!(""), blank),
        (json!(" \t\u{3000}"), blank),
        (json!("x".repeat(201)), long),
        (json!("é".repeat(201)), long),
        (json!("a\u{0}b"), control),
        (json!("a\nb"), control),
        (json!("\u{7f}"), control),
        (json!("\u{9b}"), control),
        (json!("."), reserved),
        (json!(".."), reserved),
        (json!("me"), reserved),
        (json!(" me "), reserved),
        (json!("base_token"), reserved),
        (json!(7), no_string),
        (json!(true), no_string),
        (json!(["a"]), no_string),
        (json!({"a": 1}), no_string),
    ] {
        check_refused(&app, name, reason).await;
    }
    app.finish().await;
}

#[tokio::test]
async fn a_path_that_names_no_token_is_a_plain_404() {
    let app = TestApp::new().await;
    app.create_token(json!({"name": "team"})).await;
    let too_long = "x".repeat(5000);
    for encoded in [
        "",
        "absent",
        "Team",
        "team%20",
        "%74eam%",
        "%zz",
        "%ff",
        "%C3",
        "%00",
        "%2E%2E",
        "m%65",
        "base_token",
        &too_long,
    ] {
        assert_not_found(&app.get(&token_path(encoded)).send().await);
        assert_not_found(&app.delete(&token_path(encoded)).send().await);
        assert_not_found(&app.post(&format!("{TOKENS}{encoded}/rotate")).send().await);
        let change = json!({"balance": 1});
        assert_not_found(&app.patch(&token_path(encoded)).json(&change).send().await);
    }
    assert_status(&app.get(&token_path("%74eam")).send().await, 200);
    app.finish().await;
}
