//! `GET /v2/cost_management/credits/`

use keypurse_testkit::TestApp;
use serde_json::json;

use super::CREDITS;

#[tokio::test]
async fn an_account_sees_its_credits() {
    let limited = TestApp::builder().credits("42.5").build().await;
    assert_eq!(
        limited.get(CREDITS).send().await.text,
        r#"{"credits":42.5}"#
    );
    limited.finish().await;
    let unlimited = TestApp::new().await;
    let answer = unlimited.get(CREDITS).send().await;
    assert_eq!(answer.text, r#"{"credits":0.0,"unlimited":true}"#);
    unlimited.finish().await;
}

#[tokio::test]
async fn a_custom_token_does_not_see_the_credits() {
    let app = TestApp::new().await;
    let (_, secret) = app.create_token(json!({"name": "team"})).await;
    let answer = app.get(CREDITS).key(&secret).send().await;
    assert_eq!(answer.status, 403);
    let message = "You do not have permission to access this resource";
    let expected = json!({"error": {"type": "permission_error", "message": message}});
    assert_eq!(answer.json(), expected);
    app.finish().await;
}

#[tokio::test]
async fn what_waits_for_a_later_issue_is_not_there() {
    let app = TestApp::new().await;
    app.create_token(json!({"name": "team"})).await;
    let path = "/v3/manage/keys";
    let posted = app.post(path).json(&json!({})).send().await;
    assert_eq!(posted.status, 404);
    assert_eq!(app.get(path).send().await.status, 404);
    app.finish().await;
}
