//! Expiry, to the second.

use keypurse_testkit::TestApp;
use serde_json::json;

use super::{ME, assert_status, token_path, works};

#[tokio::test]
async fn a_token_works_until_just_before_it_expires() {
    let app = TestApp::new().await;
    let wish = json!({"name": "team", "expire_time": "2026-11-21T12:00:10Z"});
    let (_, secret) = app.create_token(wish).await;
    app.clock().set("2026-11-21T12:00:09.999999Z");
    assert!(works(&app, &secret).await);
    app.clock().set("2026-11-21T12:00:10Z");
    let answer = app.get(ME).key(&secret).send().await;
    assert_status(&answer, 401);
    assert_eq!(answer.header("www-authenticate"), "Bearer");
    assert!(answer.text.contains("expired"), "{}", answer.text);
    app.finish().await;
}

#[tokio::test]
async fn an_expired_token_is_still_managed_and_can_be_revived() {
    let app = TestApp::new().await;
    let wish = json!({"name": "team", "expire_time": "2001-01-01T00:00:00Z"});
    let (_, secret) = app.create_token(wish).await;
    assert!(!works(&app, &secret).await);
    assert_status(&app.get(&token_path("team")).send().await, 200);
    let revive = json!({"expire_time": "2026-11-21T12:00:01Z"});
    assert_status(
        &app.patch(&token_path("team")).json(&revive).send().await,
        200,
    );
    assert!(works(&app, &secret).await);
    app.clock().advance_ms(1_000);
    assert!(!works(&app, &secret).await);
    let forever = json!({"expire_time": null});
    assert_status(
        &app.patch(&token_path("team")).json(&forever).send().await,
        200,
    );
    assert!(works(&app, &secret).await);
    app.finish().await;
}
