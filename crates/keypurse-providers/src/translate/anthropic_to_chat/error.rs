//! Errors, whole or in a stream.

use std::borrow::Cow;

use serde::Deserialize;

use crate::openai::text::is_object;
use crate::translate::completion;

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    error: Told<'a>,
}

/// What an error object tells.
#[derive(Deserialize)]
pub(super) struct Told<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    message: Option<Cow<'a, str>>,
}

impl Told<'_> {
    pub(super) fn to_event(&self) -> String {
        completion::event(self.message(), self.kind(), self.kind.as_deref())
    }

    fn message(&self) -> &str {
        self.message.as_deref().unwrap_or("the provider failed")
    }

    /// OpenAI's name for the class of error.
    fn kind(&self) -> &'static str {
        match self.kind.as_deref() {
            Some("invalid_request_error" | "not_found_error" | "request_too_large") => {
                "invalid_request_error"
            }
            Some("authentication_error") => "authentication_error",
            Some("permission_error") => "permission_error",
            Some("rate_limit_error") => "rate_limit_error",
            Some("billing_error") => "billing_error",
            _ => "server_error",
        }
    }
}

/// Translates an error's body. `None` when it is none of Anthropic's.
pub(in crate::translate) fn translate(body: &[u8]) -> Option<String> {
    if !is_object(body) {
        return None;
    }
    let wire: Wire<'_> = serde_json::from_slice(body).ok()?;
    let told = wire.error;
    let message = told.message();
    Some(completion::error(
        message,
        told.kind(),
        told.kind.as_deref(),
    ))
}
