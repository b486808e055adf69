//! A webhook's secret and the path of its address are told to nobody again.

use keypurse_server::rotation::Resealing;
use keypurse_server::vault::{KEY_LEN, Keyring, VersionedKey};
use keypurse_testkit::TestApp;
use keypurse_testkit::upstream::{Reply, ScriptedUpstream};
use serde_json::{Value, json};

use super::{ALERTS, HOOK, SECRET, id_of, made, path};

const CANARIES: [&str; 2] = [SECRET, "canary-path"];

fn is_clean(text: &str) -> bool {
    CANARIES.iter().all(|canary| !text.contains(canary))
}

#[tokio::test]
async fn l13_no_answer_and_no_file_has_a_webhooks_secret_or_path() {
    let app = TestApp::new().await;
    let body = json!({
        "name": "n", "kind": "exhausted", "webhook": {"url": HOOK, "secret": SECRET},
    });
    let create = || app.post(ALERTS).header("idempotency-key", "k").json(&body);
    let first = create().send().await;
    let alert = first.json();
    let at = path(id_of(&alert));
    let wrong = json!({"webhook": {"url": "ftp://canary-path", "secret": format!("{SECRET} ")}});
    for answer in [
        first,
        create().send().await,
        app.get(ALERTS).send().await,
        app.get(&at).send().await,
        app.patch(&at)
            .json(&json!({"webhook": {"secret": SECRET}}))
            .send()
            .await,
        app.patch(&at).json(&wrong).send().await,
        app.get(&format!("{ALERTS}events/")).send().await,
        app.get(&format!("{at}deliveries/")).send().await,
    ] {
        assert!(is_clean(&answer.text), "{}", answer.text);
    }
    let rule = app.state().store.enabled_alerts().await.unwrap();
    assert!(is_clean(&format!("{rule:?}")));
    for file in std::fs::read_dir(app.directory()).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        for canary in CANARIES {
            let found = bytes
                .windows(canary.len())
                .any(|it| it == canary.as_bytes());
            assert!(!found, "{canary} is in {}", path.display());
        }
    }
    app.finish().await;
}

/// A node with a receiver, and an alert whose webhook leads there.
async fn with_receiver() -> (TestApp, ScriptedUpstream, Value) {
    let app = TestApp::builder()
        .private_webhooks(&["127.0.0.1"])
        .build()
        .await;
    let receiver = ScriptedUpstream::start().await;
    receiver.always(Reply::text(200, "text/plain", ""));
    let url = format!("{}/canary-path", receiver.base_url());
    let webhook = json!({"url": url, "secret": SECRET});
    let body = json!({"name": "n", "kind": "exhausted", "webhook": webhook});
    let alert = made(&app, &body).await;
    (app, receiver, alert)
}

/// Whether the receiver is reached as it was, and signed for.
async fn is_reached(app: &TestApp, receiver: &ScriptedUpstream, alert: &Value) -> (bool, bool) {
    let tested = app
        .post(&format!("{}test/", path(id_of(alert))))
        .send()
        .await;
    assert_eq!(tested.json()["delivered"], true, "{}", tested.text);
    let last = receiver.last();
    let is_signed = last.headers.contains_key("x-keypurse-signature");
    (last.path.ends_with("/canary-path"), is_signed)
}

#[tokio::test]
async fn what_a_change_does_not_name_of_a_webhook_stays() {
    let (app, receiver, alert) = with_receiver().await;
    let at = path(id_of(&alert));
    let shown = &alert["webhook"]["url"];
    for (webhook, reached) in [
        (json!({"format": "slack"}), (true, true)),
        (
            json!({"url": shown, "format": "json", "signed": true}),
            (true, true),
        ),
        (json!({"secret": null}), (true, false)),
        (json!({"secret": SECRET}), (true, true)),
        (
            json!({"url": format!("{}/else", receiver.base_url())}),
            (false, true),
        ),
    ] {
        let changed = app
            .patch(&at)
            .json(&json!({"webhook": webhook}))
            .send()
            .await;
        assert_eq!(changed.status, 200, "{}", changed.text);
        assert_eq!(
            is_reached(&app, &receiver, &alert).await,
            reached,
            "{webhook}"
        );
    }
    app.finish().await;
}

fn keys(masters: &[(u32, u8)]) -> Keyring {
    let key = |&(version, byte)| VersionedKey {
        version,
        key: [byte; KEY_LEN],
    };
    let masters: Vec<_> = masters.iter().map(key).collect();
    Keyring::new(&[key(&(1, 1))], &masters)
}

/// `TestApp` starts with master key 2, version 1.
#[tokio::test]
async fn a_webhook_moves_to_a_new_master_key_and_stays_itself() {
    let (app, receiver, alert) = with_receiver().await;
    let state = app.state();
    state.vault.replace(keys(&[(1, 2), (2, 12)]));
    assert_eq!(
        is_reached(&app, &receiver, &alert).await,
        (true, true),
        "before it has moved"
    );
    let mut resealing = Resealing::default();
    resealing.run(&*state.store, &state.vault).await.unwrap();
    assert_eq!(resealing.moved, 1);
    resealing.run(&*state.store, &state.vault).await.unwrap();
    assert_eq!(resealing.moved, 1, "once");
    state.vault.replace(keys(&[(2, 12)]));
    assert_eq!(is_reached(&app, &receiver, &alert).await, (true, true));
    app.finish().await;
}

#[tokio::test]
async fn a_webhook_that_does_not_open_any_more_is_said_so_and_can_be_replaced() {
    let (app, receiver, alert) = with_receiver().await;
    let at = path(id_of(&alert));
    app.state().vault.replace(keys(&[(2, 12)]));
    let tested = app.post(&format!("{at}test/")).send().await;
    assert_eq!(tested.status, 400, "{}", tested.text);
    let kept = json!({"webhook": {"format": "slack"}});
    let refused = app.patch(&at).json(&kept).send().await;
    assert!(
        refused.status == 400 && refused.text.contains("send `url` and"),
        "{}",
        refused.text
    );
    let url = format!("{}/canary-path", receiver.base_url());
    let anew = json!({"webhook": {"url": url, "secret": SECRET}});
    assert_eq!(app.patch(&at).json(&anew).send().await.status, 200);
    assert_eq!(is_reached(&app, &receiver, &alert).await, (true, true));
    app.finish().await;
}

#[tokio::test]
async fn a_sealed_webhook_opens_in_its_own_rule_alone() {
    let (app, _, first) = with_receiver().await;
    let body = json!({
        "name": "m", "kind": "exhausted", "webhook": {"url": "https://example.com/x"},
    });
    let second = made(&app, &body).await;
    let store = &app.state().store;
    let rules = store.enabled_alerts().await.unwrap();
    let [one, two] = [&rules[0], &rules[1]];
    let swapped = keypurse_store::ResealedWebhook {
        rule: two.id,
        from: two.webhook.as_ref().unwrap().sealed.clone(),
        to: one.webhook.as_ref().unwrap().sealed.clone(),
        master: 1,
    };
    assert_eq!(store.reseal_webhooks(vec![swapped]).await.unwrap(), 1);
    assert_eq!(first["id"], one.id.to_string());
    let tested = app
        .post(&format!("{}test/", path(id_of(&second))))
        .send()
        .await;
    assert_eq!(tested.status, 400, "{}", tested.text);
    app.finish().await;
}
