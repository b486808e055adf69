//! Errors, whole or in a stream.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::anthropic::{error_body, error_type, to_event};
use crate::openai::text::is_object;

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    error: &'a RawValue,
}

#[derive(Deserialize)]
struct Told<'a> {
    #[serde(borrow, default)]
    message: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cow<'a, str>>,
}

/// Translates an error's body. `None` when it is none of OpenAI's.
pub(in crate::translate) fn translate(status: u16, body: &[u8]) -> Option<String> {
    if !is_object(body) {
        return None;
    }
    let wire: Wire<'_> = serde_json::from_slice(body).ok()?;
    Some(error_body(error_type(status), &message(wire.error).0))
}

/// Translates the error of a stream's chunk.
pub(super) fn event(error: &RawValue) -> String {
    let (message, kind) = message(error);
    let kind = match kind.as_deref() {
        Some("invalid_request_error") => "invalid_request_error",
        Some("authentication_error") => "authentication_error",
        Some("permission_error") => "permission_error",
        Some("rate_limit_error" | "rate_limit_exceeded") => "rate_limit_error",
        Some("billing_error" | "insufficient_quota") => "billing_error",
        Some("overloaded_error") => "overloaded_error",
        _ => "api_error",
    };
    to_event("error", &error_body(kind, &message))
}

/// Some servers tell a text alone.
fn message(error: &RawValue) -> (Cow<'_, str>, Option<Cow<'_, str>>) {
    let unknown = || Cow::Borrowed("the provider failed");
    if error.get().starts_with('"') {
        let text: Option<String> = serde_json::from_str(error.get()).ok();
        return (text.map_or_else(unknown, Cow::Owned), None);
    }
    let is_object = error.get().starts_with('{');
    let told = is_object.then(|| serde_json::from_str::<Told<'_>>(error.get()).ok());
    match told.flatten() {
        Some(told) => (told.message.unwrap_or_else(unknown), told.kind),
        None => (unknown(), None),
    }
}
