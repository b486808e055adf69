//! What a webhook must not lead to.

use keypurse_server::background::alerts::{Deliverer, Evaluator};
use keypurse_testkit::TestApp;
use keypurse_testkit::upstream::{Reply, ScriptedUpstream};
use serde_json::json;

use super::{ALERTS, Watched};

#[tokio::test]
async fn an_address_that_is_private_is_not_dialled_whatever_its_name_says() {
    let app = TestApp::new().await;
    let receiver = ScriptedUpstream::start().await;
    let port = receiver
        .base_url()
        .rsplit(':')
        .next()
        .unwrap()
        .replace("/v1", "");
    for host in [
        "localhost",
        "LOCALHOST",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
    ] {
        let webhook = json!({"url": format!("http://{host}:{port}/")});
        let body = json!({"name": host, "kind": "exhausted", "webhook": webhook});
        let made = app.post(ALERTS).json(&body).send().await;
        assert_eq!(made.status, 201, "{}", made.text);
        let id = made.json()["id"].as_str().unwrap().to_owned();
        let tested = app.post(&format!("{ALERTS}{id}/test/")).send().await.json();
        assert_eq!(tested["delivered"], false, "{host}");
        // A resolver that knows no such spelling is as good.
        let error = tested["error"].as_str().unwrap();
        let is_refused = error.contains("private") || error.contains("lookup");
        assert!(is_refused, "{host}: {error}");
    }
    assert!(receiver.received().is_empty());
    app.finish().await;
}

#[tokio::test]
async fn an_address_that_became_private_is_not_dialled() {
    let mut watched = Watched::open().await;
    watched.token("t", "0").await;
    watched
        .alert(json!({"kind": "exhausted", "token": "t"}))
        .await;
    watched.look().await;
    // Started again without the networks that were allowed.
    let next = TestApp::builder().build_after_crash_of(&watched.app).await;
    Evaluator::default().tick(next.state()).await.unwrap();
    assert_eq!(Deliverer::default().tick(next.state()).await.unwrap(), 1);
    next.settled().await;
    assert!(watched.told().is_empty());
    next.finish().await;
    watched.app.finish().await;
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let mut watched = Watched::open().await;
    let elsewhere = ScriptedUpstream::start().await;
    for status in [301, 302, 307, 308] {
        let reply = Reply::text(status, "text/plain", "").header("location", elsewhere.base_url());
        watched.receiver.next(reply);
    }
    watched.token("t", "0").await;
    watched
        .alert(json!({"kind": "exhausted", "token": "t"}))
        .await;
    watched.look().await;
    for _ in 0..4 {
        assert_eq!(watched.deliver().await, 1);
        watched.app.clock().advance_ms(3_600_000);
    }
    assert!(elsewhere.received().is_empty());
    watched.app.finish().await;
}
