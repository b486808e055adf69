//! Errors as OpenAI's SDKs read them.

use serde_json::json;

/// An error's body.
pub(in crate::translate) fn error(message: &str, kind: &str, code: Option<&str>) -> String {
    let error = json!({ "message": message, "type": kind, "param": null, "code": code });
    json!({ "error": error }).to_string()
}

/// The same as an event that ends a stream.
pub(in crate::translate) fn event(message: &str, kind: &str, code: Option<&str>) -> String {
    format!("data: {}\n\n", error(message, kind, code))
}
