//! What tests of faults do with a running node: a token, calls, the books.

use std::collections::HashMap;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::{Method, Response};
use keypurse_core::money::Money;
use keypurse_store_sqlite::{FinishedCall, audit, finished_calls};
use serde_json::{Value, json};

use crate::client::{Client, request_id};
use crate::process::{ACCOUNT_KEY, Setup};

pub(crate) const TOKENS: &str = "/v2/user/custom_token/";
pub(crate) const CHAT: &str = "/v1/chat/completions";

/// Creates a token with a thousand dollars.
pub(crate) async fn token(client: &Client, name: &str) -> String {
    let body = json!({"name": name, "balance": "1000", "active_balance": true});
    let answer = client.post(TOKENS, ACCOUNT_KEY, &body).await.unwrap();
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["token"].as_str().unwrap().to_owned()
}

pub(crate) fn hello() -> Value {
    json!({"model": "canary/model", "messages": [{"role": "user", "content": "hello"}]})
}

pub(crate) fn hello_stream() -> Value {
    let mut body = hello();
    body["stream"] = json!(true);
    body
}

/// A stream of which the first event has come.
pub(crate) struct Begun {
    pub(crate) id: String,
    body: Incoming,
}

impl Begun {
    pub(crate) async fn call(client: &Client, secret: &str) -> Self {
        let body = hello_stream();
        let answer = client.open(Method::POST, CHAT, secret, Some(&body)).await;
        let response: Response<Incoming> = answer.unwrap();
        assert_eq!(response.status(), 200);
        let id = request_id(&response);
        let mut body = response.into_body();
        body.frame().await.unwrap().unwrap();
        Self { id, body }
    }

    /// The rest of it, as far as it came.
    pub(crate) async fn rest(mut self) -> String {
        let mut rest = String::new();
        while let Some(Ok(frame)) = self.body.frame().await {
            let data: Bytes = frame.into_data().unwrap_or_default();
            rest.push_str(std::str::from_utf8(&data).unwrap());
        }
        rest
    }
}

/// The books of a node, proved: nothing open, nothing for the house.
pub(crate) fn proven(setup: &Setup) -> HashMap<String, FinishedCall> {
    let database = setup.data_dir().join("keypurse.db");
    let report = audit(&database).unwrap();
    assert_eq!((report.open_holds, report.house), (0, Money::ZERO));
    let rows = finished_calls(&database).unwrap();
    rows.into_iter()
        .map(|row| (row.call.to_string(), row))
        .collect()
}
