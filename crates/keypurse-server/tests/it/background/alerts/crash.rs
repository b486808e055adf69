//! Crashes and full disks: nothing is lost, and nothing is told twice as two
//! events.

use keypurse_server::background::alerts::{Deliverer, Evaluator};
use keypurse_testkit::TestApp;
use serde_json::json;

use super::{Watched, builder};
use crate::gateway::soon;

async fn restarted(killed: &TestApp) -> TestApp {
    builder().build_after_crash_of(killed).await
}

#[tokio::test]
async fn a_crash_between_an_event_and_its_delivery_loses_nothing() {
    let mut watched = Watched::open().await;
    watched.token("t", "0").await;
    watched
        .alert(json!({"kind": "exhausted", "token": "t"}))
        .await;
    assert_eq!(watched.look().await, 1);
    let next = restarted(&watched.app).await;
    let fired = Evaluator::default().tick(next.state()).await.unwrap();
    assert_eq!(fired, 0, "it has fired");
    Deliverer::default().tick(next.state()).await.unwrap();
    next.settled().await;
    let told = watched.told();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].json()["id"], watched.events().await[0]["id"]);

    // Told, and nobody knows: told once more, as the same event.
    let after = restarted(&watched.app).await;
    Deliverer::default().tick(after.state()).await.unwrap();
    after.settled().await;
    let told = watched.told();
    assert_eq!(told.len(), 2);
    assert_eq!(told[0].body, told[1].body);
    for app in [next, after, watched.app] {
        app.finish().await;
    }
}

#[tokio::test]
async fn a_rate_that_fired_before_a_restart_is_not_over_for_not_being_watched() {
    let mut watched = Watched::open().await;
    let secret = watched.token("t", "10").await;
    let body = json!({
        "kind": "spend_rate_above", "token": "t", "threshold": 0.005, "window": 60,
    });
    watched.alert(body).await;
    watched.look().await;
    watched.call(&secret).await;
    assert_eq!(watched.look_after(10).await, 1);
    let next = restarted(&watched.app).await;
    let mut evaluator = Evaluator::default();
    for (seconds, open) in [(0, 1), (30, 1), (29, 1), (31, 0)] {
        next.clock().advance_ms(seconds * 1000);
        assert_eq!(evaluator.tick(next.state()).await.unwrap(), 0);
        let events = next.state().store.open_alert_events().await.unwrap();
        assert_eq!(events.len(), open, "{seconds} seconds later");
    }
    next.finish().await;
    watched.app.finish().await;
}

#[tokio::test]
async fn on_a_full_disk_nothing_fires_and_nothing_is_forgotten() {
    let mut watched = Watched::open().await;
    watched.token("t", "0").await;
    watched
        .alert(json!({"kind": "exhausted", "token": "t"}))
        .await;
    watched.app.faults().fill_disk();
    let looked = watched.evaluator.tick(watched.app.state()).await;
    assert!(looked.is_err());
    watched.app.faults().free_disk();
    assert_eq!(watched.look().await, 1);
    watched.app.finish().await;
}

#[tokio::test]
async fn a_try_that_cannot_be_noted_is_not_made_again_meanwhile() {
    let mut watched = Watched::open().await;
    watched.token("t", "0").await;
    let id = watched
        .alert(json!({"kind": "exhausted", "token": "t"}))
        .await;
    watched.look().await;
    watched.app.faults().fill_disk();
    let state = watched.app.state();
    assert_eq!(watched.deliverer.tick(state).await.unwrap(), 1);
    soon(watched.receiver.wait_for(1)).await;
    assert_eq!(watched.deliverer.tick(state).await.unwrap(), 0);
    watched.app.faults().free_disk();
    soon(watched.app.settled()).await;
    assert_eq!(watched.told().len(), 1);
    assert_eq!(watched.log(&id).await[0]["state"], "delivered");
    watched.app.finish().await;
}
