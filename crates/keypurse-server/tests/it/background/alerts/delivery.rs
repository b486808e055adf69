//! What receivers are told, and how often it is tried.

use std::future::poll_fn;
use std::task::Poll;

use aws_lc_rs::hmac;
use keypurse_testkit::upstream::{Gate, Received, Reply, ScriptedUpstream};
use serde_json::{Value, json};

use super::{SECRET, Watched};
use crate::gateway::soon;

async fn fired(watched: &mut Watched) -> String {
    watched.token("empty", "0").await;
    let id = watched
        .alert(json!({"kind": "exhausted", "token": "empty"}))
        .await;
    assert_eq!(watched.look().await, 1);
    id
}

/// Has a delivery begin that does not end before the gate lets it.
async fn under_way(watched: &mut Watched) -> Gate {
    fired(watched).await;
    let gate = Gate::new();
    watched
        .receiver
        .always(Reply::text(200, "text/plain", "").held_by(&gate));
    let state = watched.app.state();
    assert_eq!(watched.deliverer.tick(state).await.unwrap(), 1);
    soon(watched.receiver.wait_for(1)).await;
    gate
}

fn header<'a>(told: &'a Received, name: &str) -> &'a str {
    told.headers[name].to_str().unwrap()
}

/// As docs/alerts.md tells receivers to.
fn is_genuine(told: &Received, secret: &str) -> bool {
    let (time, signature) = header(told, "x-keypurse-signature")
        .split_once(",v1=")
        .unwrap();
    let time = time.strip_prefix("t=").unwrap();
    let digits = (0..signature.len()).step_by(2);
    let tag: Vec<u8> = digits
        .map(|at| u8::from_str_radix(&signature[at..at + 2], 16).unwrap())
        .collect();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hmac::verify(&key, format!("{time}.{}", told.body).as_bytes(), &tag).is_ok()
}

#[tokio::test]
async fn an_event_is_signed_with_its_time() {
    let mut watched = Watched::open().await;
    fired(&mut watched).await;
    watched.app.clock().advance_ms(5_500);
    watched.deliver().await;
    let told = &watched.told()[0];
    assert_eq!(
        (told.method.as_str(), &*told.path),
        ("POST", "/v1/hook/canary-path-77")
    );
    assert_eq!(header(told, "content-type"), "application/json");
    assert_eq!(
        header(told, "x-keypurse-event"),
        told.json()["id"].as_str().unwrap()
    );
    assert!(header(told, "x-keypurse-signature").starts_with("t=1795262405,v1="));
    assert!(is_genuine(told, SECRET));
    assert!(!is_genuine(told, "whsec_another_secret"));
    let altered = Received {
        body: told.body.replace("empty", "other"),
        ..told.clone()
    };
    assert!(!is_genuine(&altered, SECRET));
    watched.app.finish().await;
}

#[tokio::test]
async fn slack_gets_a_text_that_mentions_nobody() {
    let mut watched = Watched::open().await;
    watched.token("<!channel> & co", "0").await;
    let webhook = json!({"url": watched.hook(), "format": "slack"});
    let body = json!({"kind": "exhausted", "token": "*", "webhook": webhook});
    watched.alert(body).await;
    watched.look().await;
    watched.deliver().await;
    let told = &watched.told()[0];
    let text = "watch: Token \"&lt;!channel&gt; &amp; co\" is exhausted: $0.00 left, priced \
         calls are refused.";
    assert_eq!(told.json(), json!({"text": text}));
    assert!(
        !told.headers.contains_key("x-keypurse-signature"),
        "there is no secret"
    );
    watched.app.finish().await;
}

#[tokio::test]
async fn a_receiver_that_fails_is_tried_again_with_the_same_event() {
    let mut watched = Watched::open().await;
    let id = fired(&mut watched).await;
    watched
        .receiver
        .next(Reply::text(500, "text/plain", "canary answer"));
    let busy = Reply::text(429, "text/plain", "").header("retry-after", "30");
    watched.receiver.next(busy);
    assert_eq!(watched.deliver().await, 1);
    assert_eq!(watched.deliver().await, 0, "not before a second has passed");
    watched.app.clock().advance_ms(1000);
    assert_eq!(watched.deliver().await, 1);
    watched.app.clock().advance_ms(29_000);
    assert_eq!(watched.deliver().await, 0, "it asked for 30");
    watched.app.clock().advance_ms(1000);
    assert_eq!(watched.deliver().await, 1);
    assert_eq!(watched.deliver().await, 0);

    let told = watched.told();
    let ids: Vec<&str> = told
        .iter()
        .map(|it| header(it, "x-keypurse-event"))
        .collect();
    assert!(
        ids.len() == 3 && ids.iter().all(|it| *it == ids[0]),
        "{ids:?}"
    );
    let log = watched.log(&id).await;
    assert_eq!(log.len(), 1);
    assert_eq!(
        (&log[0]["event"], &log[0]["state"]),
        (&json!(ids[0]), &json!("delivered"))
    );
    let statuses: Vec<&Value> = log[0]["tries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["status"])
        .collect();
    assert_eq!(statuses, [500, 429, 204]);
    assert_eq!(log[0]["tries"][2]["at"], "2026-11-21T12:00:31Z");
    assert!(
        !log[0].to_string().contains("canary answer"),
        "answers are not kept"
    );
    watched.app.finish().await;
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_given_up_after_twelve_tries() {
    let mut watched = Watched::open().await;
    let id = fired(&mut watched).await;
    watched.receiver.stop();
    for tries in 1..=12 {
        assert_eq!(watched.deliver().await, 1, "try {tries}");
        watched.app.clock().advance_ms(3_600_000);
    }
    assert_eq!(watched.deliver().await, 0);
    let log = watched.log(&id).await;
    assert_eq!(log[0]["state"], "given_up");
    assert_eq!(log[0]["tries"].as_array().unwrap().len(), 12);
    let error = log[0]["tries"][0]["error"].as_str().unwrap();
    assert!(
        !error.contains("canary-path") && !error.is_empty(),
        "{error}"
    );
    watched.app.finish().await;
}

#[tokio::test]
async fn a_slow_receiver_delays_no_other() {
    let mut watched = Watched::open().await;
    let gate = Gate::new();
    watched
        .receiver
        .always(Reply::text(200, "text/plain", "").held_by(&gate));
    let quick = ScriptedUpstream::start().await;
    for number in 0..20 {
        watched.token(&format!("t{number}"), "0").await;
    }
    watched
        .alert(json!({"kind": "exhausted", "token": "*"}))
        .await;
    let webhook = json!({"url": format!("{}/x", quick.base_url())});
    let body = json!({"kind": "exhausted", "token": "t7", "webhook": webhook});
    watched.alert(body).await;
    assert_eq!(watched.look().await, 21);
    let state = watched.app.state();
    assert_eq!(
        watched.deliverer.tick(state).await.unwrap(),
        5,
        "four there, one here"
    );
    soon(watched.receiver.wait_for(4)).await;
    soon(quick.wait_for(1)).await;
    assert_eq!(
        watched.deliverer.tick(state).await.unwrap(),
        0,
        "its places are taken"
    );
    gate.let_pass(20);
    watched.app.settled().await;
    let mut rest = 0;
    while let 1.. = watched.deliver().await {
        rest += 1;
    }
    assert_eq!((watched.told().len(), rest), (20, 4));
    watched.app.finish().await;
}

#[tokio::test]
async fn what_ends_while_it_is_read_what_is_due_is_not_sent_again() {
    let mut watched = Watched::open().await;
    let gate = under_way(&mut watched).await;
    let state = watched.app.state();
    let mut reading = Box::pin(watched.deliverer.tick(state));
    let read = poll_fn(|context| Poll::Ready(reading.as_mut().poll(context))).await;
    gate.let_pass(1);
    watched.app.settled().await;
    let started = match read {
        Poll::Ready(at_once) => at_once,
        Poll::Pending => reading.as_mut().await,
    };
    drop(reading);
    assert_eq!(started.unwrap(), 0);
    assert_eq!(watched.told().len(), 1);
    watched.app.finish().await;
}

#[tokio::test]
async fn what_is_under_way_when_the_node_drains_is_left_for_the_next_start() {
    let mut watched = Watched::open().await;
    let _gate = under_way(&mut watched).await;
    let state = watched.app.state();
    state.draining.cancel();
    soon(watched.app.settled()).await;
    let due = state.store.due_deliveries(state.now(), 9).await.unwrap();
    assert_eq!((due.len(), due[0].tries), (1, 0));
    watched.app.finish().await;
}

#[tokio::test]
async fn nothing_that_follows_is_sent_where_an_alert_is_gone() {
    let mut watched = Watched::open().await;
    let id = fired(&mut watched).await;
    let gone = watched
        .app
        .delete(&format!("{}{id}/", super::ALERTS))
        .send()
        .await;
    assert_eq!(gone.status, 204);
    assert_eq!(watched.deliver().await, 0);
    assert_eq!(watched.events().await.len(), 1, "what fired stays listed");
    watched.app.finish().await;
}
