//! Models as Anthropic's SDKs read them.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use serde_json::{Value, json};

/// Nobody is told when a model came out; Anthropic says an unknown date so, too.
const UNKNOWN_DATE: &str = "1970-01-01T00:00:00Z";

/// Whether a client of Anthropic's asks. A secret in `Authorization` alone may
/// be anybody's, and the header with the version is theirs alone.
pub(super) fn asks(headers: &HeaderMap) -> bool {
    let has_key_of_its_own = headers.contains_key("x-api-key");
    headers.contains_key("anthropic-version")
        || (has_key_of_its_own && !headers.contains_key(AUTHORIZATION))
}

/// A list in one page.
pub(super) fn list<'n>(names: impl Iterator<Item = &'n str>) -> Value {
    let data: Vec<Value> = names.map(model).collect();
    let id = |model: Option<&Value>| model.map_or(Value::Null, |model| model["id"].clone());
    let (first, last) = (id(data.first()), id(data.last()));
    json!({ "data": data, "has_more": false, "first_id": first, "last_id": last })
}

/// One model.
pub(super) fn model(name: &str) -> Value {
    json!({
        "type": "model",
        "id": name,
        "display_name": name,
        "created_at": UNKNOWN_DATE,
    })
}
