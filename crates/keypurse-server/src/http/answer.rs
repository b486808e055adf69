//! JSON answers.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use keypurse_core::money::Money;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// An answer that nobody on the way may keep: it is about money or secrets.
pub fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let text = serde_json::to_vec(body).expect("an answer is plain data");
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
    ];
    (status, headers, text).into_response()
}

/// Money as a JSON number, written from its digits and never through a float.
pub fn number(money: Money) -> Box<RawValue> {
    RawValue::from_string(money.to_string()).expect("a plain decimal is a JSON number")
}

/// The same, where there are many: written without being kept.
#[derive(Clone, Copy, Debug)]
pub struct Dollars(pub Money);

impl Serialize for Dollars {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.0.to_string();
        let number: &RawValue = serde_json::from_str(&text).map_err(serde::ser::Error::custom)?;
        number.serialize(serializer)
    }
}
