//! `POST /v2/alerts/{id}/test/`

use keypurse_testkit::TestApp;
use keypurse_testkit::upstream::{Gate, Reply, ScriptedUpstream};
use serde_json::{Value, json};

use super::super::assert_invalid;
use super::{ALERTS, exhausted, id_of, made, path};

async fn open() -> (TestApp, ScriptedUpstream) {
    let app = TestApp::builder()
        .private_webhooks(&["127.0.0.0/8"])
        .build()
        .await;
    let receiver = ScriptedUpstream::start().await;
    receiver.always(Reply::text(200, "text/plain", "canary answer"));
    (app, receiver)
}

#[tokio::test]
async fn a_test_is_sent_at_once_marked_and_answered_with_what_the_receiver_said() {
    let (app, receiver) = open().await;
    let body = json!({
        "name": "n", "kind": "spend_rate_above", "threshold": 5, "window": 3600, "enabled": false,
        "webhook": {"url": receiver.base_url()},
    });
    let alert = made(&app, &body).await;
    let at = path(id_of(&alert));
    let tested = app.post(&format!("{at}test/")).send().await;
    assert_eq!(tested.status, 200, "{}", tested.text);
    let tested: Value = tested.json();
    assert_eq!(tested["delivered"], true);
    assert_eq!(
        (&tested["status"], &tested["error"]),
        (&json!(200), &json!(null))
    );
    let told = receiver.last();
    let body = told.json();
    assert_eq!(
        (&body["type"], &body["test"]),
        (&json!("alert.test"), &json!(true))
    );
    assert_eq!(body["id"], tested["event"]);
    assert_eq!(body["rule"]["name"], "n");
    assert_eq!(
        body["text"],
        "The account spent $5.000000001 within 1 hour, more than $5.00."
    );
    app.finish().await;
}

#[tokio::test]
async fn tests_are_in_the_log_and_are_no_events() {
    let (app, receiver) = open().await;
    let body = json!({
        "name": "n", "kind": "exhausted", "webhook": {"url": receiver.base_url()},
    });
    let alert = made(&app, &body).await;
    let at = path(id_of(&alert));
    let taken = app.post(&format!("{at}test/")).send().await.json();
    assert_eq!(taken["delivered"], true);
    receiver.next(Reply::text(418, "text/plain", "no"));
    let refused = app.post(&format!("{at}test/")).send().await.json();
    assert_eq!(
        (&refused["delivered"], &refused["status"]),
        (&json!(false), &json!(418))
    );
    receiver.stop();
    let gone = app.post(&format!("{at}test/")).send().await.json();
    assert_eq!(
        (&gone["delivered"], &gone["status"]),
        (&json!(false), &json!(null))
    );
    assert!(gone["error"].is_string());

    let log = app.get(&format!("{at}deliveries/")).send().await;
    assert!(!log.text.contains("canary answer"), "{}", log.text);
    let log = log.json();
    let states: Vec<&Value> = log["deliveries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["state"])
        .collect();
    assert_eq!(
        states,
        ["given_up", "given_up", "delivered"],
        "newest first"
    );
    assert_eq!(log["deliveries"][2]["test"], true);
    assert_eq!(log["deliveries"][2]["event"], json!(null));
    let events = app.get(&format!("{ALERTS}events/")).send().await.json();
    assert_eq!(events["events"], json!([]), "a test is no event");
    let page = app
        .get(&format!("{at}deliveries/?limit=2"))
        .send()
        .await
        .json();
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = app
        .get(&format!("{at}deliveries/?cursor={cursor}"))
        .send()
        .await
        .json();
    assert_eq!(rest["deliveries"], json!([log["deliveries"][2]]));
    app.finish().await;
}

#[tokio::test]
async fn an_alert_without_a_webhook_cannot_be_tested() {
    let (app, _) = open().await;
    let alert = made(&app, &exhausted()).await;
    let tested = app
        .post(&format!("{}test/", path(id_of(&alert))))
        .send()
        .await;
    let reasons = json!({"webhook": ["This alert has no webhook; give it one first."]});
    assert_invalid(&tested, &reasons);
    app.finish().await;
}

#[tokio::test]
async fn every_kind_has_a_test() {
    let (app, receiver) = open().await;
    for (kind, threshold, window, token) in [
        ("balance_below", json!(1), json!(null), json!("*")),
        ("balance_share_below", json!(10), json!(null), json!(null)),
        ("spend_rate_above", json!(1), json!(60), json!("*")),
        ("expiring_within", json!(86_400), json!(null), json!("*")),
        ("exhausted", json!(null), json!(null), json!("*")),
        ("error_rate_above", json!(5), json!(60), json!(null)),
        ("provider_down", json!(null), json!(null), json!(null)),
    ] {
        for format in ["json", "slack"] {
            let webhook = json!({"url": receiver.base_url(), "format": format});
            let body = json!({
                "name": "n", "kind": kind, "threshold": threshold, "window": window,
                "token": token, "webhook": webhook,
            });
            let alert = made(&app, &body).await;
            let tested = app
                .post(&format!("{}test/", path(id_of(&alert))))
                .send()
                .await;
            assert_eq!(tested.json()["delivered"], true, "{kind}");
            let told = receiver.last().json();
            let text = told["text"].as_str().unwrap();
            assert!(text.ends_with('.') && !text.contains("  "), "{text}");
            assert_eq!(text.starts_with("[test] "), format == "slack", "{text}");
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn a_test_with_a_key_is_sent_once() {
    let (app, receiver) = open().await;
    let body = json!({"name": "n", "kind": "exhausted", "webhook": {"url": receiver.base_url()}});
    let alert = made(&app, &body).await;
    let at = format!("{}test/", path(id_of(&alert)));
    let send = |at: &str, key: &str| app.post(at).header("idempotency-key", key).send();
    let first = send(&at, "k").await;
    assert_eq!(first.status, 200, "{}", first.text);
    assert_eq!(first.header("idempotent-replayed"), "");
    let again = send(&at, "k").await;
    assert_eq!((again.status, &again.text), (200, &first.text));
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(receiver.received_count(), 1);
    let other = made(&app, &body).await;
    let elsewhere = format!("{}test/", path(id_of(&other)));
    assert_eq!(send(&elsewhere, "k").await.status, 422, "of another alert");
    assert_eq!(send(&at, "l").await.status, 200);
    assert_eq!(receiver.received_count(), 2);
    app.finish().await;
}

#[tokio::test]
async fn a_test_that_is_being_sent_is_not_sent_again() {
    let (app, receiver) = open().await;
    let gate = Gate::new();
    receiver.next(Reply::text(200, "text/plain", "slow").held_by(&gate));
    let body = json!({"name": "n", "kind": "exhausted", "webhook": {"url": receiver.base_url()}});
    let alert = made(&app, &body).await;
    let at = format!("{}test/", path(id_of(&alert)));
    let send = || app.post(&at).header("idempotency-key", "k").send();
    let first = async {
        let answer = send().await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    };
    let meanwhile = async {
        receiver.wait_for(1).await;
        let running = send().await;
        assert_eq!(running.status, 409, "{}", running.text);
        assert_eq!(running.json()["error"]["type"], "idempotency_error");
        gate.let_pass(1);
    };
    tokio::join!(first, meanwhile);
    assert_eq!(send().await.header("idempotent-replayed"), "true");
    assert_eq!(receiver.received_count(), 1);
    app.finish().await;
}
