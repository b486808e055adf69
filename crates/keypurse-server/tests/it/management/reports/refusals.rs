//! What makes no sense, and what is told about it.

use keypurse_testkit::TestApp;
use serde_json::{Map, Value, json};

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

/// A question, and what is told about each of its faulty parameters.
const FAULTY: &str = "
    /?begin=2026-01-01&end=2026-01-02 => step: required
    /?begin=2026-01-01&end=2026-02-30&step=1 => end: wrong format
    /?begin=01.01.2026&end=&step=1 => begin: wrong format; end: blank
    /?begin=2026-01-02&end=2026-01-01&step=1 => end: not before `begin`
    /?begin=x&end=y&step=z&page=2 => begin: format; end: format; page: no such; step: valid choice
    /?begin=2026-01-01&begin=2026-01-01&end=2026-01-02&step=1 => begin: once
    /?begin=2026-01-01&end=2026-01-02&step=1&step=1 => step: once
    /?begin=2026-01-01&end=2026-01-01&step=0 => step: need `group_by`
    /?begin=2026-01-01&end=2026-01-08&step=5&group_by=token => end: 7 days
    /?begin=2026-01-01&end=2026-01-01&step=1&group_by=user => group_by: provider, model
    /?begin=2026-01-01&end=2026-01-01&step=1&group_by= => group_by: blank
    /?begin=2026-01-01&end=2026-01-01&step=1&group_by=token,token => group_by: twice
    /?begin=2026-01-01&end=2026-01-01&step=1&subfeature=ocr => subfeature: text__chat
    /?begin=2026-01-01&end=2026-01-01&step=1&status=200 => status: success
    /?begin=2026-01-01&end=2026-01-01&step=1&model=m => model: provider/model
    /?begin=2026-01-01&end=2026-01-01&step=1&token= => token: blank
    /?begin=2026-01-01&end=2026-01-01&step=1&Token=t => Token: no such parameter
    /?token=absent => begin: required; end: required; step: required
    /calls/?limit=0&cursor=7 => cursor: next_cursor; limit: 1 to 1000
    /calls/?begin=2026-01-02&end=2026-01-01 => end: not before `begin`
    /calls/?step=1 => step: no such parameter
    /focus/ => begin: required; end: required
    /focus/?begin=2026-01-01&end=2027-01-02 => end: 366 days
    /focus/?begin=2026-01-01&end=2026-01-02&token=t => token: no such parameter
";

#[tokio::test]
async fn all_that_is_wrong_with_a_question_is_told_at_once() {
    let app = TestApp::new().await;
    let required = ["This field is required."];
    assert_invalid(
        &app.get(COSTS).send().await,
        &json!({"begin": required, "end": required, "step": required}),
    );
    for line in FAULTY.lines().filter(|line| !line.trim().is_empty()) {
        let (question, reasons) = line.trim().split_once(" => ").unwrap();
        let (path, query) = question.split_once('?').unwrap_or((question, ""));
        let path = format!("{}{path}", COSTS.trim_end_matches('/'));
        let reasons: Map<String, Value> = reasons
            .split("; ")
            .filter_map(|reason| reason.split_once(": "))
            .map(|(field, reason)| (field.to_owned(), json!(reason)))
            .collect();
        refused(&app, &path, query, &Value::Object(reasons)).await;
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
