//! `/livez`, `/readyz` and `/startupz`

use keypurse_testkit::TestApp;

#[tokio::test]
async fn a_node_is_ready_until_it_drains() {
    let app = TestApp::new().await;
    for path in ["/livez", "/readyz", "/startupz"] {
        let answer = app.get(path).without_key().send().await;
        assert_eq!((answer.status, answer.text.as_str()), (200, "ok"));
    }
    app.state().draining.cancel();
    let live = app.get("/livez").send().await;
    assert_eq!((live.status, live.text.as_str()), (200, "ok"));
    let ready = app.get("/readyz").send().await;
    assert_eq!((ready.status, ready.text.as_str()), (503, "not ok"));
    app.finish().await;
}

#[tokio::test]
async fn a_node_without_a_ledger_is_not_ready_and_changes_nothing() {
    let app = TestApp::new().await;
    app.state().store.close().await.unwrap();
    let ready = app.get("/readyz").send().await;
    assert_eq!((ready.status, ready.text.as_str()), (503, "not ok"));
    let body = serde_json::json!({"name": "team"});
    let created = app.post(super::TOKENS).json(&body).send().await;
    super::assert_error(&created, 503, "ledger_unavailable");
}
