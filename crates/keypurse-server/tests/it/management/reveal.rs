//! `reveal_secrets` off: a secret is shown once.

use std::fs;

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

#[tokio::test]
async fn no_secret_reaches_the_disk_in_the_clear() {
    let app = TestApp::new().await;
    let (_, first) = app
        .create_token(json!({"name": "a-name-to-be-found"}))
        .await;
    let rotate = app.post("/v2/user/custom_token/a-name-to-be-found/rotate/");
    let rotated = rotate
        .json(&json!({"grace_period": 60}))
        .send()
        .await
        .json();
    let second = rotated["token"].as_str().unwrap().to_owned();
    let key = app.account_key().to_owned();
    let directory = app.directory().to_owned();
    let mut is_written = false;
    for file in fs::read_dir(directory).unwrap() {
        let file = file.unwrap().path();
        let bytes = fs::read(&file).unwrap();
        let holds = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
        is_written |= holds(b"a-name-to-be-found");
        for secret in [&first, &second, &key] {
            // The random part alone would be enough to rebuild a secret.
            let random = &secret.as_bytes()[8..32];
            assert!(!holds(random), "{} holds a secret", file.display());
        }
    }
    assert!(is_written, "the search finds what is there");
    app.finish().await;
}
