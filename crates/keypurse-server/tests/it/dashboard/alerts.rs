//! Rules are made by forms as the API makes them.

use keypurse_server::background::alerts::Evaluator;
use keypurse_testkit::TestApp;
use keypurse_testkit::upstream::{Gate, Reply, ScriptedUpstream};
use serde_json::{Value, json};

use super::{Browser, VIEWER_KEY, give_viewer_key};

const RULE: [(&str, &str); 5] = [
    ("name", "fast <b>"),
    ("kind", "spend_rate_above"),
    ("threshold", "2.50"),
    ("window", "15"),
    ("enabled", "on"),
];

async fn rules(app: &TestApp) -> Vec<Value> {
    let listed = app.get("/v2/alerts/").send().await.json();
    listed.as_array().unwrap().clone()
}

#[tokio::test]
async fn a_form_makes_changes_and_ends_a_rule() {
    let app = TestApp::new().await;
    let mut browser = Browser::signed_in(&app).await;
    let list = browser.submit("/alerts/new", &RULE).await;
    assert!(list.text.contains("fast &#60;b&#62;"), "{}", list.text);
    let made = &rules(&app).await[0];
    assert_eq!(made["kind"], "spend_rate_above");
    assert_eq!(
        (&made["threshold"], &made["window"]),
        (&2.5.into(), &900.into())
    );
    assert_eq!(made["token"], Value::Null);

    let path = format!("/alerts/{}", made["id"].as_str().unwrap());
    let form = browser.get(&path).await;
    assert!(form.text.contains("value=\"2.5\"") && form.text.contains("value=\"15\""));
    let changed = RULE.map(|(name, value)| match name {
        "threshold" => (name, "3"),
        _ => (name, value),
    });
    browser.submit(&path, &changed[..4]).await;
    let rule = &rules(&app).await[0];
    assert_eq!(
        (&rule["threshold"], &rule["enabled"]),
        (&Value::from(3.0), &false.into())
    );

    let refused = browser.post(&format!("{path}/test"), &[]).await;
    assert_eq!(refused.status, 400, "it tells nobody");
    browser.submit(&format!("{path}/delete"), &[]).await;
    assert!(rules(&app).await.is_empty());
    assert_eq!(browser.get(&path).await.status, 404);
    app.finish().await;
}

/// The hidden name of the form on a page.
fn once(page: &str) -> String {
    let (_, rest) = page.split_once(r#"name="once" value=""#).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_form_that_is_sent_twice_makes_one_rule() {
    let app = TestApp::new().await;
    let mut browser = Browser::signed_in(&app).await;
    let once = once(&browser.get("/alerts/new").await.text);
    let fields = [&RULE[..], &[("once", &once)]].concat();
    for _ in 0..2 {
        browser.submit("/alerts/new", &fields).await;
    }
    assert_eq!(rules(&app).await.len(), 1);
    let other = fields.iter().map(|(name, value)| match *name {
        "threshold" => (*name, "3"),
        _ => (*name, *value),
    });
    let refused = browser
        .post("/alerts/new", &other.collect::<Vec<_>>())
        .await;
    assert_eq!(refused.status, 400);
    assert!(refused.text.contains("sent before, with other words"));
    assert_eq!(rules(&app).await.len(), 1);
    browser.submit("/alerts/new", &RULE).await;
    assert_eq!(rules(&app).await.len(), 2, "another form");
    app.finish().await;
}

#[tokio::test]
async fn a_test_that_is_sent_twice_tells_its_receiver_once() {
    let app = TestApp::builder()
        .private_webhooks(&["127.0.0.0/8"])
        .build()
        .await;
    let receiver = ScriptedUpstream::start().await;
    let gate = Gate::new();
    receiver.always(Reply::text(200, "text/plain", "ok").held_by(&gate));
    let mut browser = Browser::signed_in(&app).await;
    let webhook = [
        ("webhook.url", receiver.base_url()),
        ("webhook.format", "json"),
    ];
    let fields = [&RULE[..], &webhook].concat();
    browser.submit("/alerts/new", &fields).await;
    let path = format!("/alerts/{}", rules(&app).await[0]["id"].as_str().unwrap());
    let once = once(&browser.get(&path).await.text);
    let (test, form) = (format!("{path}/test"), [("once", &*once)]);
    let first = async {
        let form = browser.form(&test, &form);
        form.header("sec-fetch-site", "same-origin").send().await
    };
    let second = async {
        receiver.wait_for(1).await;
        let form = browser.form(&test, &form);
        let answer = form.header("sec-fetch-site", "same-origin").send().await;
        gate.let_pass(1);
        answer
    };
    let (first, second) = tokio::join!(first, second);
    assert!(first.header("location").ends_with("?test=sent"));
    assert!(second.header("location").ends_with("?test=running"));
    let shown = browser.submit(&test, &form).await;
    assert!(shown.text.contains("A test was sent"), "{}", shown.text);
    assert_eq!(receiver.received_count(), 1);
    app.finish().await;
}

#[tokio::test]
async fn what_is_wrong_is_said_beside_its_field() {
    let app = TestApp::new().await;
    let mut browser = Browser::signed_in(&app).await;
    let fields = [
        ("kind", "error_rate_above"),
        ("threshold", "many"),
        ("webhook.url", "ftp://h"),
    ];
    let refused = browser.post("/alerts/new", &fields).await;
    assert_eq!(refused.status, 400);
    for field in ["name", "threshold", "window", "webhook.url"] {
        assert!(
            refused.text.contains(&format!("id=\"{field}-error\"")),
            "{field}"
        );
    }
    assert!(
        refused.text.contains("value=\"many\""),
        "what was written stays"
    );
    assert!(rules(&app).await.is_empty());
    app.finish().await;
}

#[tokio::test]
async fn a_viewer_and_another_account_change_no_rule() {
    let app = TestApp::new().await;
    give_viewer_key(&app).await;
    let mut owner = Browser::signed_in(&app).await;
    owner.submit("/alerts/new", &RULE).await;
    let path = format!("/alerts/{}", rules(&app).await[0]["id"].as_str().unwrap());
    let mut viewer = Browser::signed_in_with(&app, VIEWER_KEY).await;
    assert_eq!(viewer.get(&path).await.status, 200);
    let mut other = Browser::signed_in_with(&app, &app.account("other").await).await;
    for below in ["", "/test", "/delete"] {
        let path = format!("{path}{below}");
        assert_eq!(viewer.post(&path, &RULE).await.status, 403, "{path}");
        assert_eq!(other.post(&path, &RULE).await.status, 404, "{path}");
    }
    assert_eq!(viewer.post("/alerts/new", &RULE).await.status, 403);
    assert_eq!(rules(&app).await.len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn what_a_deleted_rule_fired_names_it_without_a_link() {
    let app = TestApp::new().await;
    app.create_token(json!({"name": "t", "active_balance": true}))
        .await;
    let rule = json!({"name": "gone", "kind": "exhausted", "token": "t"});
    let made = app.post("/v2/alerts/").json(&rule).send().await.json();
    assert_eq!(Evaluator::default().tick(app.state()).await.unwrap(), 1);
    let path = format!("/alerts/{}", made["id"].as_str().unwrap());
    let link = format!("href=\"{path}\"");
    let mut browser = Browser::signed_in(&app).await;
    let before = browser.get("/alerts").await.text;
    assert_eq!(before.matches(&link).count(), 2, "the rule and its event");
    let after = browser.submit(&format!("{path}/delete"), &[]).await.text;
    assert!(!after.contains(&link) && after.contains("gone"), "{after}");
    app.finish().await;
}
