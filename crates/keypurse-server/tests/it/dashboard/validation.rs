//! Forms are told what the API is told.

use keypurse_testkit::TestApp;
use serde_json::{Map, Value, json};

use super::{Browser, token};
use crate::management::TOKENS;

/// The reasons an API answer gives, by field.
fn reasons(answer: &Value) -> Map<String, Value> {
    answer["error"]["message"].as_object().unwrap().clone()
}

fn assert_shown(page: &str, reasons: &Map<String, Value>) {
    let count = page.matches(r#"<ul class="error""#).count();
    assert_eq!(count, reasons.len(), "{reasons:?}\n{page}");
    for (field, reasons) in reasons {
        let list = format!(r#"<ul class="error" id="{field}-error">"#);
        let (_, after) = page.split_once(&list).unwrap_or_else(|| panic!("{field}"));
        let (list, _) = after.split_once("</ul>").unwrap();
        for reason in reasons.as_array().unwrap() {
            let reason = reason.as_str().unwrap().replace('"', "&#34;");
            assert!(list.contains(&reason), "{field}: {reason} is not in {list}");
        }
    }
}

#[tokio::test]
async fn a_new_token_is_refused_for_the_same_reasons() {
    let app = TestApp::new().await;
    app.create_token(json!({"name": "taken"})).await;
    let mut browser = Browser::signed_in(&app).await;
    let tries: [(&[(&str, &str)], Value); 8] = [
        (&[], json!({"name": ""})),
        (&[("name", "taken")], json!({"name": "taken"})),
        (
            &[("name", "taken"), ("balance", "x")],
            json!({"name": "taken", "balance": "x"}),
        ),
        (
            &[
                ("name", "me"),
                ("balance", "1.0000000001"),
                ("overdraft", "x"),
            ],
            json!({"name": "me", "balance": "1.0000000001", "overdraft": "x"}),
        ),
        (
            &[("name", "a"), ("balance_reset_period", "daily")],
            json!({"name": "a", "balance_reset_period": "daily"}),
        ),
        (
            &[
                ("name", "a"),
                ("balance_reset_amount", "-1"),
                ("expire_time", "soon"),
            ],
            json!({"name": "a", "balance_reset_amount": "-1", "expire_time": "soon"}),
        ),
        (
            &[
                ("name", "a"),
                ("allowed_models", "no-provider\n\nopenai/*"),
                ("allowed_ips", "10.0.0.1/8\nx"),
                ("max_concurrency", "0"),
                ("requests_per_minute", "many"),
            ],
            json!({"name": "a", "allowed_models": ["no-provider", "openai/*"],
                "allowed_ips": ["10.0.0.1/8", "x"], "max_concurrency": 0,
                "requests_per_minute": "many"}),
        ),
        (
            &[("name", "a"), ("simulate_budget", "on")],
            json!({"name": "a", "simulate_budget": true}),
        ),
    ];
    for (form, body) in tries {
        let api = app.post(TOKENS).json(&body).send().await;
        assert_eq!(api.status, 400, "{body}");
        let page = browser.post("/tokens/new", form).await;
        assert_eq!(page.status, 400, "{body}");
        assert_shown(&page.text, &reasons(&api.json()));
    }
    app.finish().await;
}

#[tokio::test]
async fn a_change_and_a_top_up_are_refused_for_the_same_reasons() {
    let app = TestApp::new().await;
    let path = token(&app, "team").await;
    let mut browser = Browser::signed_in(&app).await;
    let seen = seen(&browser.get(&format!("{path}/edit")).await.text);
    let api = app
        .patch("/v2/user/custom_token/team/")
        .json(&json!({"balance": "100000", "balance_reset_period": "weekly"}))
        .send()
        .await;
    let form = [
        ("seen", &*seen),
        ("active_balance", "on"),
        ("balance", "100000"),
        ("balance_reset_period", "weekly"),
        ("overdraft", "clamp"),
    ];
    let page = browser.post(&format!("{path}/edit"), &form).await;
    assert_eq!((api.status, page.status), (400, 400));
    assert_shown(&page.text, &reasons(&api.json()));

    for (form, body) in [
        ([("amount", ""), ("note", "")], json!({})),
        ([("amount", "0"), ("note", "")], json!({"amount": "0"})),
        (
            [("amount", "ten"), ("note", "a\u{7}b")],
            json!({"amount": "ten", "note": "a\u{7}b"}),
        ),
        (
            [("amount", "99998"), ("note", "")],
            json!({"amount": "99998"}),
        ),
    ] {
        let api = app.post("/v2/user/custom_token/team/top_up/").json(&body);
        let api = api.send().await;
        let page = browser.post(&format!("{path}/top-up"), &form).await;
        assert_eq!((api.status, page.status), (400, 400), "{body}");
        assert_shown(&page.text, &reasons(&api.json()));
        assert!(page.text.contains(r#"role="alert""#));
    }
    app.finish().await;
}

pub(super) fn seen(page: &str) -> String {
    hidden(page, "seen")
}

pub(super) fn hidden(page: &str, name: &str) -> String {
    let field = format!(r#"name="{name}" value=""#);
    let (_, after) = page.split_once(&field).unwrap();
    after.split('"').next().unwrap().replace("&#34;", "\"")
}
