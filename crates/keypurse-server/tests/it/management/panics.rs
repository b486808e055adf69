//! A bug in a handler.

use keypurse_testkit::TestApp;
use serde_json::json;

use super::{TOKENS, assert_error, assert_status};

#[tokio::test]
async fn a_panic_in_a_handler_is_500_and_the_node_lives_on() {
    let app = TestApp::new().await;
    for (method, request) in [
        ("tokens", app.get(TOKENS)),
        (
            "create_token",
            app.post(TOKENS).json(&json!({"name": "team"})),
        ),
    ] {
        app.faults().panic_at(method);
        let answer = request.send().await;
        assert_error(&answer, 500, "internal_error");
        assert!(answer.header("x-request-id").starts_with("req_"));
        assert!(!answer.text.contains("a test breaks"), "no internals");
    }
    assert_status(&app.get(TOKENS).send().await, 200);
    assert_status(&app.get("/readyz").send().await, 200);
    app.finish().await;
}
