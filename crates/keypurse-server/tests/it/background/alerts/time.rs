//! Time that runs out, and providers that do.

use keypurse_testkit::upstream::Reply;
use serde_json::json;

use super::Watched;

#[tokio::test]
async fn an_expiry_is_told_ahead_and_once() {
    let mut watched = Watched::open().await;
    let body = json!({"name": "t", "expire_time": "2026-11-21T14:00:00Z"});
    watched.app.create_token(body).await;
    let over = json!({"name": "over", "expire_time": "2026-11-21T11:00:00Z"});
    watched.app.create_token(over).await;
    watched
        .alert(json!({"kind": "expiring_within", "token": "*", "threshold": 3600}))
        .await;
    assert_eq!(watched.look().await, 0, "what is over is no news");
    assert_eq!(watched.look_after(3599).await, 0);
    assert_eq!(watched.look_after(1).await, 1);
    assert_eq!(watched.look_after(7200).await, 0, "expired meanwhile");
    let events = watched.events().await;
    let expected = "Token \"t\" expires at 2026-11-21T14:00:00Z, within 1 hour.";
    assert_eq!(events[0]["text"], expected);
    assert_eq!(
        events[0]["measured"],
        json!({"expires_at": "2026-11-21T14:00:00Z"})
    );

    watched
        .set("t", json!({"expire_time": "2026-11-22T12:00:00Z"}))
        .await;
    assert_eq!(watched.look().await, 0);
    assert_eq!(watched.open_events().await, 0);
    assert_eq!(watched.look_after(86_400).await, 1, "nobody looked in time");
    watched.app.finish().await;
}

#[tokio::test]
async fn where_time_is_known_to_be_wrong_no_expiry_is_judged() {
    let mut watched = Watched::open().await;
    let body = json!({"name": "t", "expire_time": "2026-11-21T12:30:00Z"});
    watched.app.create_token(body).await;
    watched
        .alert(json!({"kind": "expiring_within", "token": "t", "threshold": 3600}))
        .await;
    watched.app.clock().falls_behind();
    assert_eq!(watched.look().await, 0);
    watched.app.clock().catches_up();
    assert_eq!(watched.look().await, 1);
    watched.app.clock().set("2026-11-20T12:00:00Z");
    watched.app.clock().falls_behind();
    assert_eq!(watched.look().await, 0);
    assert_eq!(watched.open_events().await, 1, "nor is it over");
    watched.app.clock().catches_up();
    watched.app.finish().await;
}

#[tokio::test]
async fn a_provider_that_fails_again_and_again_is_told_and_armed_by_its_answer() {
    let mut watched = Watched::open().await;
    let secret = watched.token("t", "10").await;
    watched.alert(json!({"kind": "provider_down"})).await;
    assert_eq!(watched.look().await, 0, "nobody has asked it");
    for _ in 0..2 {
        watched
            .provider
            .always(Reply::text(500, "text/plain", "no"));
        for _ in 0..8 {
            watched.call(&secret).await;
        }
        assert_eq!(watched.look().await, 1);
        assert_eq!(watched.look().await, 0);
        let answer = Reply::chat("Hi", &keypurse_testkit::upstream::usage(0, 10));
        watched.provider.always(answer);
        assert_eq!(watched.call(&secret).await, 200);
        assert_eq!(watched.look().await, 0);
        assert_eq!(watched.open_events().await, 0);
    }
    let events = watched.events().await;
    assert_eq!(events.len(), 2);
    assert_eq!(
        events[0]["subject"],
        json!({"type": "provider", "name": "up"})
    );
    assert_eq!(events[0]["measured"], json!({}));
    watched.app.finish().await;
}
