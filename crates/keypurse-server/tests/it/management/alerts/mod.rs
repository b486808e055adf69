//! `/v2/alerts/`

mod fields;
mod rules;
mod secrets;
mod test_button;

use keypurse_testkit::TestApp;
use serde_json::{Value, json};

const ALERTS: &str = "/v2/alerts/";
const SECRET: &str = "whsec_canary_77aa11bb22";
const HOOK: &str = "https://hooks.example.com/services/canary-path-31";

fn path(id: &str) -> String {
    format!("{ALERTS}{id}/")
}

/// Makes an alert and returns it as it was answered.
async fn made(app: &TestApp, body: &Value) -> Value {
    let made = app.post(ALERTS).json(body).send().await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()
}

fn exhausted() -> Value {
    json!({"name": "n", "kind": "exhausted"})
}

fn id_of(alert: &Value) -> &str {
    alert["id"].as_str().unwrap()
}
