//! Rules are made, listed, changed and deleted.

use keypurse_testkit::TestApp;
use serde_json::json;

use super::super::{assert_error, assert_invalid, assert_not_found, assert_status};
use super::{ALERTS, HOOK, SECRET, exhausted, id_of, made, path};

#[tokio::test]
async fn an_alert_is_answered_as_it_was_made() {
    let app = TestApp::new().await;
    app.create_token(json!({"name": "prod"})).await;
    let webhook = json!({"url": HOOK, "format": "slack", "secret": SECRET});
    let sent = json!({
        "name": " Low ", "kind": "balance_below", "token": "prod", "threshold": "5.00",
        "webhook": webhook,
    });
    let alert = made(&app, &sent).await;
    let expected = json!({
        "id": alert["id"],
        "name": "Low",
        "kind": "balance_below",
        "threshold": 5.0,
        "window": null,
        "least_calls": null,
        "token": "prod",
        "webhook": {"url": "https://hooks.example.com/…", "format": "slack", "signed": true},
        "enabled": true,
        "created_at": "2026-11-21T12:00:00Z",
    });
    assert_eq!(alert, expected);
    let shown = app.get(&path(id_of(&alert))).send().await;
    assert_eq!(shown.json(), expected);
    let without_slash = app.get(&format!("{ALERTS}{}", id_of(&alert))).send().await;
    assert_eq!(without_slash.json(), expected);

    let second = made(&app, &exhausted()).await;
    let list = app.get(ALERTS).send().await;
    assert_eq!(list.json(), json!([alert, second]));
    app.finish().await;
}

#[tokio::test]
async fn every_kind_is_kept_as_it_was_said() {
    let app = TestApp::new().await;
    for (sent, threshold, window, least_calls) in [
        (
            json!({"kind": "balance_below", "threshold": 0.000_000_001}),
            "1e-9",
            None,
            None,
        ),
        (
            json!({"kind": "balance_share_below", "threshold": 100}),
            "100",
            None,
            None,
        ),
        (
            json!({"kind": "spend_rate_above", "threshold": "99999.999999999", "window": 60}),
            "99999.999999999",
            Some(60),
            None,
        ),
        (
            json!({"kind": "expiring_within", "threshold": 604_800, "token": "*"}),
            "604800",
            None,
            None,
        ),
        (
            json!({"kind": "error_rate_above", "threshold": 25, "window": 86_400}),
            "25",
            Some(86_400),
            Some(20),
        ),
        (
            json!({"kind": "exhausted", "threshold": null}),
            "null",
            None,
            None,
        ),
        (
            json!({"kind": "provider_down", "token": null}),
            "null",
            None,
            None,
        ),
    ] {
        let mut body = sent.clone();
        body["name"] = json!("n");
        let alert = made(&app, &body).await;
        let said: serde_json::Value = serde_json::from_str(threshold).unwrap();
        assert_eq!(alert["threshold"], said, "{sent}");
        assert_eq!(alert["window"], json!(window), "{sent}");
        assert_eq!(alert["least_calls"], json!(least_calls), "{sent}");
        let shown = app.get(&path(id_of(&alert))).send().await;
        assert_eq!(shown.json(), alert);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_change_leaves_alone_what_it_does_not_name() {
    let app = TestApp::new().await;
    let body = json!({
        "name": "n", "kind": "error_rate_above", "threshold": 25, "window": 600,
        "least_calls": 7, "webhook": {"url": HOOK, "secret": SECRET},
    });
    let mut alert = made(&app, &body).await;
    let at = path(id_of(&alert));
    for (change, member, value) in [
        (json!({}), "name", json!("n")),
        (json!({"name": "m"}), "name", json!("m")),
        (json!({"threshold": 30}), "threshold", json!(30)),
        (json!({"window": 60}), "window", json!(60)),
        (json!({"enabled": false}), "enabled", json!(false)),
        (json!({"token": "*"}), "token", json!("*")),
        (json!({"token": null}), "token", json!(null)),
        (json!({"webhook": null}), "webhook", json!(null)),
    ] {
        let changed = app.patch(&at).json(&change).send().await;
        assert_status(&changed, 200);
        alert[member] = value;
        assert_eq!(changed.json(), alert, "{change}");
    }
    // Another kind has other members.
    let changed = app
        .patch(&at)
        .json(&json!({"kind": "exhausted"}))
        .send()
        .await;
    assert_status(&changed, 200);
    for (member, value) in [
        ("kind", json!("exhausted")),
        ("threshold", json!(null)),
        ("window", json!(null)),
        ("least_calls", json!(null)),
    ] {
        alert[member] = value;
    }
    assert_eq!(changed.json(), alert);
    let incomplete = app.patch(&at).json(&json!({"kind": "spend_rate_above"}));
    let reasons = json!({
        "threshold": ["This field is required."],
        "window": ["This field is required."],
    });
    assert_invalid(&incomplete.send().await, &reasons);
    assert_eq!(
        app.get(&at).send().await.json(),
        alert,
        "nothing was changed"
    );
    // As it is answered, it can be sent back.
    let same = app.patch(&at).json(&alert).send().await;
    assert_eq!(same.json(), alert);
    app.finish().await;
}

#[tokio::test]
async fn a_deleted_alert_is_gone() {
    let app = TestApp::new().await;
    let alert = made(&app, &exhausted()).await;
    let at = path(id_of(&alert));
    let deleted = app.delete(&at).send().await;
    assert_eq!((deleted.status, &*deleted.text), (204, ""));
    for answer in [
        app.get(&at).send().await,
        app.delete(&at).send().await,
        app.patch(&at).json(&json!({})).send().await,
        app.post(&format!("{at}test/")).send().await,
        app.get(&format!("{at}deliveries/")).send().await,
        app.get(&path("alr_0000000000000000")).send().await,
        app.get(&path("1")).send().await,
    ] {
        assert_not_found(&answer);
    }
    assert_eq!(app.get(ALERTS).send().await.json(), json!([]));
    app.finish().await;
}

#[tokio::test]
async fn alerts_are_their_accounts_alone_and_no_custom_tokens() {
    let app = TestApp::new().await;
    let other = app.account("other").await;
    let (_, token) = app.create_token(json!({"name": "prod"})).await;
    let alert = made(&app, &exhausted()).await;
    let at = path(id_of(&alert));
    for foreign in [
        app.get(&at),
        app.delete(&at),
        app.patch(&at).json(&json!({})),
        app.post(&format!("{at}test/")),
        app.get(&format!("{at}deliveries/")),
    ] {
        assert_not_found(&foreign.key(&other).send().await);
    }
    assert_eq!(app.get(ALERTS).key(&other).send().await.json(), json!([]));
    // Not even whether it exists is told.
    let body = json!({"name": "n", "kind": "exhausted", "token": "prod"});
    let refused = app.post(ALERTS).key(&other).json(&body).send().await;
    assert_invalid(
        &refused,
        &json!({"token": ["There is no token of this name."]}),
    );
    for request in [
        app.get(ALERTS),
        app.post(ALERTS).json(&exhausted()),
        app.get(&at),
        app.patch(&at).json(&json!({})),
        app.delete(&at),
        app.post(&format!("{at}test/")),
        app.get(&format!("{at}deliveries/")),
        app.get(&format!("{ALERTS}events/")),
    ] {
        assert_error(&request.key(&token).send().await, 403, "permission_error");
    }
    let anonymous = app.get(ALERTS).without_key().send().await;
    assert_error(&anonymous, 401, "authentication_error");
    app.finish().await;
}

#[tokio::test]
async fn a_change_with_a_key_is_made_once() {
    let app = TestApp::new().await;
    let create = || {
        app.post(ALERTS)
            .header("idempotency-key", "k")
            .json(&exhausted())
    };
    let first = create().send().await;
    let again = create().send().await;
    assert_eq!((first.status, &first.text), (again.status, &again.text));
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(
        app.get(ALERTS)
            .send()
            .await
            .json()
            .as_array()
            .unwrap()
            .len(),
        1
    );

    let first = first.json();
    let at = path(id_of(&first));
    let rename = |name| {
        let body = json!({"name": name});
        app.patch(&at).header("idempotency-key", "p").json(&body)
    };
    assert_eq!(rename("a").send().await.json()["name"], "a");
    app.patch(&at).json(&json!({"name": "b"})).send().await;
    assert_eq!(
        rename("a").send().await.json()["name"],
        "a",
        "as it was answered"
    );
    assert_eq!(app.get(&at).send().await.json()["name"], "b");
    assert_error(&rename("c").send().await, 422, "idempotency_error");

    let delete = || app.delete(&at).header("idempotency-key", "d");
    assert_eq!(delete().send().await.status, 204);
    assert_eq!(delete().send().await.status, 204);
    assert_eq!(rename("a").send().await.json()["name"], "a", "gone since");
    assert_error(&rename("c").send().await, 422, "idempotency_error");
    let without = app.patch(&at).json(&json!({"name": "a"})).send().await;
    assert_not_found(&without);

    app.create_token(json!({"name": "t"})).await;
    let body = json!({"name": "n", "kind": "exhausted", "token": "t"});
    let create = || app.post(ALERTS).header("idempotency-key", "t").json(&body);
    let first = create().send().await;
    app.delete("/v2/user/custom_token/t/").send().await;
    assert_eq!(create().send().await.text, first.text, "as it was answered");
    app.finish().await;
}

#[tokio::test]
async fn on_a_full_disk_nothing_is_changed() {
    let app = TestApp::new().await;
    let alert = made(&app, &exhausted()).await;
    let at = path(id_of(&alert));
    app.faults().fill_disk();
    for request in [
        app.post(ALERTS).json(&exhausted()),
        app.patch(&at).json(&json!({"name": "m"})),
        app.delete(&at),
    ] {
        assert_error(&request.send().await, 503, "ledger_unavailable");
    }
    app.faults().free_disk();
    assert_eq!(app.get(ALERTS).send().await.json(), json!([alert]));
    app.finish().await;
}

#[tokio::test]
async fn changes_at_once_each_change_what_they_name() {
    let app = TestApp::new().await;
    let alert = made(&app, &exhausted()).await;
    let at = path(id_of(&alert));
    let (name, token, enabled) = (
        json!({"name": "m"}),
        json!({"token": "*"}),
        json!({"enabled": false}),
    );
    let (one, two, three) = tokio::join!(
        app.patch(&at).json(&name).send(),
        app.patch(&at).json(&token).send(),
        app.patch(&at).json(&enabled).send(),
    );
    assert_eq!([one.status, two.status, three.status], [200; 3]);
    let shown = app.get(&at).send().await.json();
    assert_eq!(shown["name"], "m");
    assert_eq!(shown["token"], "*");
    assert_eq!(shown["enabled"], false);
    app.finish().await;
}

#[tokio::test]
async fn lists_are_paged_and_their_queries_read_strictly() {
    let app = TestApp::new().await;
    let alert = made(&app, &exhausted()).await;
    for list in [
        format!("{ALERTS}events/"),
        format!("{}deliveries/", path(id_of(&alert))),
    ] {
        let empty = app.get(&list).send().await;
        assert_status(&empty, 200);
        assert_eq!(empty.json()["next_cursor"], json!(null));
        let refused = app
            .get(&format!("{list}?limit=0&page=2&cursor=x"))
            .send()
            .await;
        let reasons = json!({
            "cursor": ["Send the `next_cursor` of a page, or leave this out."],
            "limit": ["Send a whole number from 1 to 1000."],
            "query": ["There is no parameter `page` here."],
        });
        assert_invalid(&refused, &reasons);
    }
    let wrong = app
        .post(&format!("{ALERTS}events/"))
        .json(&json!({}))
        .send()
        .await;
    assert_error(&wrong, 405, "request_error");
    app.finish().await;
}
