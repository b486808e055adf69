//! `GET /v2/audit_log/`

use std::net::{IpAddr, Ipv4Addr};

use keypurse_server::http::sign_ins::record_failure;
use keypurse_testkit::TestApp;
use serde_json::{Value, json};

use super::{CREDITS, TOKENS, assert_error, assert_invalid, assert_status, token_path};

const AUDIT_LOG: &str = "/v2/audit_log/";
const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// Newest first: action and subject.
fn told(page: &Value) -> Vec<(&str, &str)> {
    page["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            let text = |name: &str| entry[name].as_str().unwrap();
            (text("action"), text("subject"))
        })
        .collect()
}

#[tokio::test]
async fn every_change_is_told_with_who_made_it_and_from_where() {
    let app = TestApp::builder().credits("10").build().await;
    let create = json!({"name": "team", "balance": "5", "tags": ["a"]});
    assert_status(
        &app.post(TOKENS).json(&create).from(ADDRESS).send().await,
        201,
    );
    let path = token_path("team");
    let change = json!({"balance": 7, "overdraft": "refuse", "requests_per_minute": 60});
    assert_status(
        &app.patch(&path).json(&change).from(ADDRESS).send().await,
        200,
    );
    assert_status(&app.patch(&path).json(&json!({})).send().await, 200);
    let top_up = json!({"amount": "2.5", "note": "July"});
    for place in [format!("{path}top_up/"), format!("{CREDITS}top_up/")] {
        assert_status(
            &app.post(&place).json(&top_up).from(ADDRESS).send().await,
            200,
        );
    }
    assert_status(
        &app.post(&format!("{path}rotate/"))
            .from(ADDRESS)
            .send()
            .await,
        200,
    );
    assert_status(&app.delete(&path).from(ADDRESS).send().await, 204);
    let page = app.get(AUDIT_LOG).send().await;
    assert_status(&page, 200);
    let page = page.json();
    assert_eq!(
        told(&page),
        [
            ("token.delete", "team"),
            ("token.rotate", "team"),
            ("account.top_up", "main"),
            ("token.top_up", "team"),
            ("token.update", "team"),
            ("token.create", "team"),
            ("account.create", "main"),
        ]
    );
    let entries = page["entries"].as_array().unwrap();
    for entry in &entries[..6] {
        assert_eq!(entry["actor"], "account_key");
        assert_eq!(entry["address"], "192.0.2.1");
    }
    let update = &entries[4]["details"];
    assert_eq!(
        update,
        &json!({
            "id": 1,
            "balance": {"from": "5.0", "to": "7.0"},
            "overdraft": {"from": "clamp", "to": "refuse"},
            "requests_per_minute": {"from": null, "to": 60},
        })
    );
    assert_eq!(
        entries[2]["details"],
        json!({"amount": "2.5", "balance": {"from": "10.0", "to": "12.5"}, "note": "July"})
    );
    app.finish().await;
}

#[tokio::test]
async fn pages_follow_each_other_and_a_query_is_read_strictly() {
    let app = TestApp::new().await;
    for name in ["a", "b", "c"] {
        app.create_token(json!({"name": name})).await;
    }
    let mut seen = Vec::new();
    let mut path = format!("{AUDIT_LOG}?limit=3");
    loop {
        let page = app.get(&path).send().await.json();
        let entries = page["entries"].as_array().unwrap();
        seen.extend(entries.iter().map(|entry| entry["seq"].as_i64().unwrap()));
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("{AUDIT_LOG}?limit=3&cursor={cursor}");
    }
    assert_eq!(seen, [4, 3, 2, 1]);
    let answer = app.get(&format!("{AUDIT_LOG}?limit=0&x=1")).send().await;
    assert_invalid(
        &answer,
        &json!({
            "limit": ["Send a whole number from 1 to 1000."],
            "query": ["There is no parameter `x` here."],
        }),
    );
    app.finish().await;
}

#[tokio::test]
async fn only_account_keys_see_the_log_and_each_its_own() {
    let app = TestApp::new().await;
    let other = app.account("other").await;
    let (_, secret) = app.create_token(json!({"name": "team"})).await;
    let refused = app.get(AUDIT_LOG).key(&secret).send().await;
    assert_error(&refused, 403, "permission_error");
    assert_status(&app.get(AUDIT_LOG).without_key().send().await, 401);
    let page = app.get(AUDIT_LOG).key(&other).send().await.json();
    assert_eq!(told(&page), [("account.create", "other")]);
    app.finish().await;
}

#[tokio::test]
async fn a_repeated_or_refused_change_is_told_once_or_not_at_all() {
    let app = TestApp::new().await;
    let body = json!({"name": "team"});
    for _ in 0..3 {
        let post = app.post(TOKENS).header("idempotency-key", "k");
        assert_status(&post.json(&body).send().await, 201);
    }
    assert_status(&app.post(TOKENS).json(&body).send().await, 400);
    let stale = app.patch(&token_path("team")).header("if-match", "\"00\"");
    assert_status(&stale.json(&json!({"balance": 1})).send().await, 412);
    let page = app.get(AUDIT_LOG).send().await.json();
    assert_eq!(
        told(&page),
        [("token.create", "team"), ("account.create", "main")]
    );
    app.finish().await;
}

#[tokio::test]
async fn no_record_holds_a_secret() {
    let app = TestApp::new().await;
    let (_, first) = app.create_token(json!({"name": "team"})).await;
    let rotated = app
        .post(&format!("{}rotate/", token_path("team")))
        .send()
        .await;
    let second = rotated.json()["token"].as_str().unwrap().to_owned();
    let page = app.get(AUDIT_LOG).send().await.text;
    for secret in [&first, &second, app.account_key()] {
        assert!(!page.contains(secret), "{page}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_flood_of_failed_sign_ins_is_not_told() {
    let app = TestApp::new().await;
    for _ in 0..1_000 {
        record_failure(app.state(), ADDRESS);
    }
    app.settled().await;
    app.clock().advance_ms(60_000);
    record_failure(app.state(), ADDRESS);
    app.settled().await;
    let page = app
        .get(&format!("{AUDIT_LOG}?limit=1000"))
        .send()
        .await
        .json();
    let told = told(&page);
    assert_eq!(told.len(), 1 + 20 + 1);
    assert_eq!(told[0], ("sign_in.failed", "dashboard"));
    let details = &page["entries"][0]["details"];
    assert_eq!(details, &json!({"not_recorded_before": 980}));
    app.finish().await;
}

#[tokio::test]
async fn a_change_whose_record_cannot_be_written_is_not_made() {
    let app = TestApp::new().await;
    app.create_token(json!({"name": "team"})).await;
    app.faults().fill_disk();
    let change = app.patch(&token_path("team")).json(&json!({"balance": 3}));
    assert_status(&change.send().await, 503);
    app.faults().free_disk();
    let page = app.get(AUDIT_LOG).send().await.json();
    assert_eq!(told(&page)[0], ("token.create", "team"));
    app.finish().await;
}

#[tokio::test]
async fn changes_of_alerts_are_told_without_where_their_webhooks_lead() {
    let app = TestApp::new().await;
    let create = json!({
        "name": "short", "kind": "balance_below", "threshold": "1",
        "webhook": {"url": "https://hooks.example.com/T1/not-for-logs", "format": "slack"},
    });
    let created = app.post("/v2/alerts/").json(&create).send().await;
    assert_status(&created, 201);
    let created = created.json();
    let path = format!("/v2/alerts/{}/", created["id"].as_str().unwrap());
    let change = json!({"threshold": "2"});
    assert_status(&app.patch(&path).json(&change).send().await, 200);
    assert_status(&app.delete(&path).send().await, 204);
    let page = app.get(AUDIT_LOG).send().await;
    assert!(!page.text.contains("not-for-logs"), "{}", page.text);
    let page = page.json();
    let told = told(&page);
    assert_eq!(
        told[..3],
        [
            ("alert.delete", "short"),
            ("alert.update", "short"),
            ("alert.create", "short")
        ]
    );
    let changed = &page["entries"][1]["details"]["condition"];
    assert_eq!(changed["to"], json!({"balance_below": "2.0"}));
    app.finish().await;
}
