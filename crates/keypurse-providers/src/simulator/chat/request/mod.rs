//! Reads a chat completion request, as strictly as OpenAI does where a client's
//! own mistake would otherwise pass the sandbox and fail with a live token.
//!
//! Fields that change nothing in a simulated answer (`seed`, `user`, …) are not
//! looked at.

mod chat;
mod messages;
mod options;
mod tools;

pub use chat::ChatRequest;
