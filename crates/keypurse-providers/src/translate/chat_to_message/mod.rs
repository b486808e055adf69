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
mod error;
mod stream;

pub(super) use answer::translate as answer;
pub(super) use error::translate as error;
pub(super) use stream::ChatStream;

/// What a model did last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Did {
    #[default]
    Speak,
    CallTools,
    Refuse,
}

/// Why a choice ended, as a message says it. Some servers say `stop` though
/// tools are called, and OpenAI says it of a refusal.
fn stop_reason(finish_reason: Option<&str>, did: Did) -> &'static str {
    match (finish_reason, did) {
        (Some("length"), _) => "max_tokens",
        (Some("content_filter"), _) => "refusal",
        (Some("tool_calls" | "function_call"), _) | (_, Did::CallTools) => "tool_use",
        (_, Did::Refuse) => "refusal",
        (_, Did::Speak) => "end_turn",
    }
}
