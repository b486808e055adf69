//! Errors, whole or in a stream.

use serde_json::value::RawValue;

use crate::gemini::ApiError;
use crate::translate::completion;

/// Translates an error's body. `None` when it is none of Gemini's.
pub(in crate::translate) fn translate(body: &[u8]) -> Option<String> {
    let error = ApiError::of_body(body)?;
    Some(completion::error(
        message(&error),
        kind(&error),
        error.status.as_deref(),
    ))
}

/// Translates an error that ends a stream.
pub(super) fn event(error: &RawValue) -> Option<String> {
    let error = ApiError::read(error)?;
    Some(completion::event(
        message(&error),
        kind(&error),
        error.status.as_deref(),
    ))
}

fn message<'a>(error: &'a ApiError<'_>) -> &'a str {
    error.message.as_deref().unwrap_or("the provider failed")
}

/// OpenAI's name for the class of error.
fn kind(error: &ApiError<'_>) -> &'static str {
    match error.code {
        Some(401) => "authentication_error",
        Some(403) => "permission_error",
        Some(429) => "rate_limit_error",
        Some(400..=499) => "invalid_request_error",
        _ => "server_error",
    }
}
