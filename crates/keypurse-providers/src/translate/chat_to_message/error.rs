//! Errors, whole or in a stream.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::anthropic::{error_body, error_type, to_event};
use crate::openai::text::is_object;
use crate::translate::chat_answer::told_error;

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    error: &'a RawValue,
}

/// Translates an error's body. `None` when it is none of OpenAI's.
pub(in crate::translate) fn translate(status: u16, body: &[u8]) -> Option<String> {
    if !is_object(body) {
        return None;
    }
    let wire: Wire<'_> = serde_json::from_slice(body).ok()?;
    Some(error_body(
        error_type(status),
        &told_error(wire.error).message,
    ))
}

/// Translates the error of a stream's chunk.
pub(super) fn event(error: &RawValue) -> String {
    let told = told_error(error);
    let kind = match told.kind.as_deref() {
        Some("invalid_request_error") => "invalid_request_error",
        Some("authentication_error") => "authentication_error",
        Some("permission_error") => "permission_error",
        Some("rate_limit_error" | "rate_limit_exceeded") => "rate_limit_error",
        Some("billing_error" | "insufficient_quota") => "billing_error",
        Some("overloaded_error") => "overloaded_error",
        _ => "api_error",
    };
    to_event("error", &error_body(kind, &told.message))
}
