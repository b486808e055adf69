//! `/v2/cost_management/`: what the contract's section 5 promises.

mod access;
mod calls;
mod costs;
mod focus;
mod groups;
mod periods;
mod refusals;
mod tables;

use keypurse_core::money::Money;
use keypurse_testkit::{TestAnswer, TestApp};
use serde_json::{Value, json};

use super::{assert_error, assert_invalid, assert_not_found, assert_status, token_path};
use crate::gateway::{Shop, hello};

const COSTS: &str = "/v2/cost_management/";
const CALLS: &str = "/v2/cost_management/calls/";
const FOCUS: &str = "/v2/cost_management/focus/";
const CHAT: &str = "/v1/chat/completions";
/// The day on which a test's clock begins.
const TODAY: &str = "begin=2026-11-21&end=2026-11-21&step=1";

/// An answer to the account, which is there.
async fn ask(app: &TestApp, path: &str, query: &str) -> TestAnswer {
    let answer = app.get(&format!("{path}?{query}")).send().await;
    assert_status(&answer, 200);
    answer
}

async fn costs(app: &TestApp, query: &str) -> Value {
    ask(app, COSTS, query).await.json()["response"].clone()
}

/// What one token has in a report of the account.
async fn data_of(app: &TestApp, token: &str, query: &str) -> Value {
    let report = costs(app, query).await;
    let entries = report.as_array().unwrap().iter();
    let found: Vec<_> = entries.filter(|entry| entry["token"] == token).collect();
    assert_eq!(found.len(), 1, "{token} is told once: {report}");
    found[0]["data"].clone()
}

/// A chat, with this key.
async fn chat(app: &TestApp, key: &str, model: &str) -> TestAnswer {
    let body = json!({"model": model, "messages": [{"role": "user", "content": "Psst"}]});
    app.post(CHAT).key(key).json(&body).send().await
}

/// A new sandbox token's secret.
async fn sandbox(app: &TestApp, name: &str) -> String {
    let body = json!({"name": name, "token_type": "sandbox_api_token"});
    app.create_token(body).await.1
}

/// What a token's statement says its calls were charged.
async fn charged(app: &TestApp, name: &str) -> Money {
    let statement = app.get(&format!("{}ledger/?limit=1000", token_path(name)));
    let statement = statement.send().await.json();
    let lines = statement["lines"].as_array().unwrap().iter();
    let charges = lines.filter(|line| line["kind"] == "charge");
    charges
        .map(|line| dollars(&line["amount"]))
        .sum::<Money>()
        .negated()
}

/// A JSON number, from its text.
fn dollars(number: &Value) -> Money {
    Money::parse_number(&number.to_string()).unwrap()
}

trait Negated {
    fn negated(self) -> Self;
}

impl Negated for Money {
    fn negated(self) -> Self {
        Self::ZERO - self
    }
}

/// The rows of a table under its columns.
fn rows(answer: &TestAnswer) -> Vec<Vec<String>> {
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(answer.header("cache-control"), "no-store");
    let mut reader = csv::ReaderBuilder::new();
    let mut reader = reader
        .has_headers(false)
        .from_reader(answer.text.as_bytes());
    let records = reader.records().map(Result::unwrap);
    records
        .map(|record| record.iter().map(str::to_owned).collect())
        .collect()
}

/// The cells of one column.
fn column(rows: &[Vec<String>], name: &str) -> Vec<String> {
    let place = rows[0].iter().position(|column| column == name);
    let place = place.unwrap_or_else(|| panic!("there is no column {name}"));
    rows[1..].iter().map(|row| row[place].clone()).collect()
}
