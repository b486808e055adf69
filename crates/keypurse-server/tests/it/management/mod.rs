//! `/v2`: every promise of the contract's section 1.

mod access;
mod alerts;
mod bodies;
mod cors;
mod create;
mod credits;
mod delete;
mod expiry;
mod fields;
mod health;
mod idempotency;
mod if_match;
mod keys;
mod ledger;
mod list;
mod me;
mod names;
mod openapi;
mod panics;
mod reports;
mod resets;
mod reveal;
mod rotate;
mod rules;
mod throttle;
mod top_up;
mod update;

use std::collections::BTreeMap;

use keypurse_testkit::{TestAnswer, TestApp};
use serde_json::value::RawValue;
use serde_json::{Value, json};

pub(crate) const TOKENS: &str = "/v2/user/custom_token/";
const ME: &str = "/v2/user/custom_token/me/";
const CREDITS: &str = "/v2/cost_management/credits/";

fn token_path(encoded_name: &str) -> String {
    format!("{TOKENS}{encoded_name}/")
}

/// The text of one member of an answer: a number with all its digits.
fn raw(answer: &TestAnswer, member: &str) -> String {
    let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(&answer.text)
        .unwrap_or_else(|_| panic!("not an object: {}", answer.text));
    members
        .get(member)
        .map_or_else(String::new, |value| value.get().to_owned())
}

fn assert_status(answer: &TestAnswer, status: u16) {
    assert_eq!(answer.status, status, "{}", answer.text);
}

/// 400 with exactly these reasons.
fn assert_invalid(answer: &TestAnswer, reasons: &Value) {
    assert_status(answer, 400);
    let expected = json!({"error": {"type": "validation_error", "message": reasons}});
    assert_eq!(answer.json(), expected);
}

/// An error of this type, whatever it says.
fn assert_error(answer: &TestAnswer, status: u16, kind: &str) {
    assert_status(answer, status);
    let error = &answer.json()["error"];
    assert_eq!(error["type"], kind, "{}", answer.text);
    assert!(error["message"].is_string(), "{}", answer.text);
    assert_eq!(error.as_object().unwrap().len(), 2, "{}", answer.text);
}

fn assert_not_found(answer: &TestAnswer) {
    assert_status(answer, 404);
    assert_eq!(answer.json(), json!({"details": "Not Found"}));
}

/// Whether a secret is accepted, as its owner sees it.
async fn works(app: &TestApp, secret: &str) -> bool {
    match app.get(ME).key(secret).send().await.status {
        200 => true,
        401 => false,
        other => panic!("unexpected status {other}"),
    }
}
