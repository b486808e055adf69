//! `reveal_secrets` off: a secret is shown once.

use keypurse_testkit::TestApp;
use serde_json::json;

use super::{ME, TOKENS, assert_status, raw, token_path, works};

#[tokio::test]
async fn without_reveal_a_secret_is_shown_once_and_not_kept() {
    let app = TestApp::builder().without_reveal().build().await;
    let (_, secret) = app.create_token(json!({"name": "team"})).await;
    let shown = app.get(&token_path("team")).send().await;
    assert_eq!(raw(&shown, "token"), "null");
    let listed = app.get(TOKENS).send().await.json();
    assert_eq!(listed[0]["token"], json!(null));
    assert!(works(&app, &secret).await);
    let id = app
        .state()
        .store
        .credential(&app.state().vault.digest(&secret))
        .await;
    assert!(id.unwrap().is_some());
    app.finish().await;
}

#[tokio::test]
async fn without_reveal_a_rotation_shows_the_new_secret_once() {
    let app = TestApp::builder().without_reveal().build().await;
    let (_, old) = app.create_token(json!({"name": "team"})).await;
    let rotated = app.post("/v2/user/custom_token/team/rotate/").send().await;
    assert_status(&rotated, 200);
    let new = rotated.json()["token"].as_str().unwrap().to_owned();
    assert!(works(&app, &new).await && !works(&app, &old).await);
    assert_eq!(
        raw(&app.get(&token_path("team")).send().await, "token"),
        "null"
    );
    let seen = app.get(ME).key(&new).send().await;
    assert!(!seen.text.contains(&new));
    app.finish().await;
}
