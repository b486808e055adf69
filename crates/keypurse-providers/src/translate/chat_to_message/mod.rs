//! Chat completions, their streams and errors as Anthropic's.
//!
//! By "Messages" and "Streaming messages" of November 2026, and OpenAI's
//! "Chat completion object". A completion has one choice here: a `messages`
//! request never asks for more.
//!
//! Input is known only at the end of a stream, so `message_start` says 0 and
//! `message_delta` says all; where the provider told no usage that makes
//! sense, `usage` is null for the gateway to fill in.

mod answer;
mod content;
mod error;
mod stream;

pub(super) use answer::translate as answer;
pub(super) use error::translate as error;
pub(super) use stream::ChatStream;

/// Why a choice ended, as a message says it. Some servers say `stop` though
/// tools are called.
fn stop_reason(finish_reason: Option<&str>, calls_tools: bool) -> &'static str {
    match finish_reason {
        Some("length") => "max_tokens",
        Some("content_filter") => "refusal",
        Some("tool_calls" | "function_call") => "tool_use",
        _ if calls_tools => "tool_use",
        _ => "end_turn",
    }
}
