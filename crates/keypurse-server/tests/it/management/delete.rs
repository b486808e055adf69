//! `DELETE /v2/user/custom_token/{name}/`

use keypurse_testkit::TestApp;
use serde_json::json;

use super::{TOKENS, assert_error, assert_not_found, assert_status, token_path, works};

#[tokio::test]
async fn a_deleted_token_is_dead_and_its_name_is_free() {
    let app = TestApp::new().await;
    let (name, secret) = app.create_token(json!({"name": "a/b", "balance": 5})).await;
    assert!(works(&app, &secret).await);
    let answer = app.delete(&token_path("a%2Fb")).send().await;
    assert_status(&answer, 204);
    assert_eq!(
        (answer.text.as_str(), answer.header("content-type")),
        ("", "")
    );
    assert!(!works(&app, &secret).await);
    assert_not_found(&app.get(&token_path("a%2Fb")).send().await);
    assert_not_found(&app.delete(&token_path("a%2Fb")).send().await);
    assert_eq!(app.get(TOKENS).send().await.text, "[]");
    let (_, successor) = app.create_token(json!({"name": name})).await;
    let shown = app.get(&token_path("a%2Fb")).send().await.json();
    assert_eq!(
        shown["balance"], 0.0,
        "the predecessor's money is gone with it"
    );
    assert!(works(&app, &successor).await && !works(&app, &secret).await);
    app.finish().await;
}

#[tokio::test]
async fn both_secrets_of_a_deleted_token_are_dead() {
    let app = TestApp::new().await;
    let (_, old) = app.create_token(json!({"name": "team"})).await;
    let rotate = app.post("/v2/user/custom_token/team/rotate");
    let rotated = rotate
        .json(&json!({"grace_period": 60}))
        .send()
        .await
        .json();
    let new = rotated["token"].as_str().unwrap();
    assert!(works(&app, &old).await && works(&app, new).await);
    assert_status(&app.delete(&token_path("team")).send().await, 204);
    assert!(!works(&app, &old).await && !works(&app, new).await);
    app.finish().await;
}

#[tokio::test]
async fn a_custom_token_deletes_nothing_not_even_itself() {
    let app = TestApp::new().await;
    let (_, secret) = app.create_token(json!({"name": "team"})).await;
    let answer = app.delete(&token_path("team")).key(&secret).send().await;
    assert_error(&answer, 403, "permission_error");
    assert!(works(&app, &secret).await);
    app.finish().await;
}
