//! Reads a chat completion request, as strictly as OpenAI does where a client's
//! own mistake would otherwise pass the sandbox and fail with a live token.
//!
//! Fields that change nothing in a simulated answer (`seed`, `user`, …) are not
//! looked at.

mod chat;
mod fields;
mod messages;
mod options;
mod tools;

use thiserror::Error;

pub use chat::ChatRequest;
pub(super) use messages::{Message, Part, Role};
pub(super) use options::Format;
pub(super) use tools::{Tool, ToolChoice, ToolForm};

/// What OpenAI would answer 400 for.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("invalid `{param}`: {message}")]
pub struct InvalidRequest {
    /// The field at fault, as OpenAI names it: `messages[0].role`.
    pub param: String,
    /// What is wrong and what to send instead; fit to show to the client.
    pub message: String,
}

impl InvalidRequest {
    fn new(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            param: param.into(),
            message: message.into(),
        }
    }
}
