//! What makes no sense, and what is told about it.

use keypurse_testkit::TestApp;
use serde_json::{Value, json};

use super::*;

async fn refused(app: &TestApp, path: &str, query: &str, reasons: &Value) {
    let answer = app.get(&format!("{path}?{query}")).send().await;
    let found = &answer.json()["error"]["message"];
    let named = |value: &Value| -> Vec<String> {
        let fields = value.as_object().into_iter().flatten();
        let mut names: Vec<_> = fields.map(|(name, _)| name.clone()).collect();
        names.sort();
        names
    };
    assert_status(&answer, 400);
    assert_eq!(named(found), named(reasons), "{query}: {}", answer.text);
    for (field, reason) in reasons.as_object().unwrap() {
        let told = found[field][0].as_str().unwrap();
        assert!(told.contains(reason.as_str().unwrap()), "{query}: {told}");
    }
}

#[tokio::test]
async fn all_that_is_wrong_with_a_question_is_told_at_once() {
    let app = TestApp::new().await;
    let required = "This field is required.";
    assert_invalid(
        &app.get(COSTS).send().await,
        &json!({"begin": [required], "end": [required], "step": [required]}),
    );
    let day = "Date has wrong format";
    for (query, reasons) in [
        ("begin=2026-01-01&end=2026-01-02", json!({"step": required})),
        (
            "begin=2026-01-01&end=2026-02-30&step=1",
            json!({"end": day}),
        ),
        (
            "begin=01.01.2026&end=&step=1",
            json!({"begin": day, "end": "blank"}),
        ),
        (
            "begin=2026-01-02&end=2026-01-01&step=1",
            json!({"end": "not before `begin`"}),
        ),
        (
            "begin=x&end=y&step=z&page=2",
            json!({"begin": day, "end": day, "step": "valid choice",
            "page": "no such parameter"}),
        ),
        (
            "begin=2026-01-01&begin=2026-01-01&end=2026-01-02&step=1",
            json!({"begin": "once"}),
        ),
        (&format!("{TODAY}&step=1"), json!({"step": "once"})),
        (
            "begin=2026-01-01&end=2026-01-01&step=0",
            json!({"step": "group_by"}),
        ),
        (
            "begin=2026-01-01&end=2026-01-08&step=5&group_by=token",
            json!({"end": "7 days"}),
        ),
        (
            &format!("{TODAY}&group_by=user"),
            json!({"group_by": "provider"}),
        ),
        (&format!("{TODAY}&group_by="), json!({"group_by": "blank"})),
        (
            &format!("{TODAY}&group_by=token,token"),
            json!({"group_by": "twice"}),
        ),
        (
            &format!("{TODAY}&subfeature=ocr"),
            json!({"subfeature": "text__chat"}),
        ),
        (&format!("{TODAY}&status=200"), json!({"status": "success"})),
        (
            &format!("{TODAY}&model=m"),
            json!({"model": "provider/model"}),
        ),
        (&format!("{TODAY}&token="), json!({"token": "blank"})),
        (
            &format!("{TODAY}&Token=t"),
            json!({"Token": "no such parameter"}),
        ),
    ] {
        refused(&app, COSTS, query, &reasons).await;
    }
    for (path, query, reasons) in [
        (
            CALLS,
            "limit=0&cursor=7",
            json!({"cursor": "next_cursor", "limit": "1 to 1000"}),
        ),
        (
            CALLS,
            "begin=2026-01-02&end=2026-01-01",
            json!({"end": "not before"}),
        ),
        (CALLS, "step=1", json!({"step": "no such parameter"})),
        (FOCUS, "", json!({"begin": required, "end": required})),
        (
            FOCUS,
            "begin=2026-01-01&end=2027-01-02",
            json!({"end": "366 days"}),
        ),
        (
            FOCUS,
            "begin=2026-01-01&end=2026-01-02&token=t",
            json!({"token": "no such"}),
        ),
    ] {
        refused(&app, path, query, &reasons).await;
    }
    app.finish().await;
}

#[tokio::test]
async fn a_report_that_would_be_too_large_is_refused_with_what_to_do() {
    let app = TestApp::new().await;
    for at in 0..6 {
        app.create_token(json!({"name": format!("t{at}")})).await;
    }
    app.clock().set("2199-12-31T00:00:00Z");
    let forever = "begin=0001-01-01&end=9999-12-31";
    refused(
        &app,
        COSTS,
        &format!("{forever}&step=1"),
        &json!({"step": "longer periods"}),
    )
    .await;
    for narrower in ["step=3", "step=1&token=t1", "step=1&group_by=provider"] {
        ask(&app, COSTS, &format!("{forever}&{narrower}")).await;
    }
    app.finish().await;
}

#[tokio::test]
async fn hours_that_are_no_longer_told_apart_are_refused_with_what_to_do() {
    let app = TestApp::new().await;
    let hours = |day: &str| format!("begin={day}&end={day}&step=5&group_by=provider");
    ask(&app, COSTS, &hours("2026-09-20")).await;
    let reasons = json!({"begin": "kept for 62 days"});
    refused(&app, COSTS, &hours("2026-09-19"), &reasons).await;
    ask(&app, COSTS, &hours("2027-09-19")).await;
    app.finish().await;
}

#[tokio::test]
async fn an_unknown_token_is_not_found_and_a_faulty_question_is_told_before() {
    let app = TestApp::new().await;
    for path in [COSTS, CALLS] {
        let question = if path == COSTS { TODAY } else { "limit=5" };
        let unknown = app
            .get(&format!("{path}?{question}&token=absent"))
            .send()
            .await;
        assert_not_found(&unknown);
    }
    refused(
        &app,
        COSTS,
        "token=absent&step=1",
        &json!({"begin": "required", "end": "required"}),
    )
    .await;
    app.finish().await;
}

#[tokio::test]
async fn other_methods_are_not_allowed() {
    let app = TestApp::new().await;
    for path in [COSTS, CALLS, FOCUS] {
        let answer = app.post(path).json(&json!({})).send().await;
        assert_error(&answer, 405, "request_error");
        assert_eq!(answer.header("allow"), "GET,HEAD");
    }
    app.finish().await;
}
