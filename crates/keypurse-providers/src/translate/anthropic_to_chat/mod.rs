//! Anthropic's answers, streams and errors as chat completions.
//!
//! By "Messages", "Streaming messages" and "Handling stop reasons" of
//! November 2026. Thinking becomes `reasoning_content`, as several vendors of
//! chat completions call it; its signed blocks go along as `thinking_blocks`,
//! so that a client can send them back. Citations and the stop sequence that
//! was met have no place in a completion.

mod answer;
mod error;
mod replay;
mod stream;

pub(super) use answer::translate as answer;
pub(super) use error::translate as error;
pub(super) use replay::chunks;
pub(super) use stream::AnthropicStream;

/// Why a message ended, as a completion says it.
fn finish_reason(stop_reason: Option<&str>) -> &'static str {
    match stop_reason {
        Some("max_tokens" | "model_context_window_exceeded") => "length",
        Some("tool_use") => "tool_calls",
        Some("refusal") => "content_filter",
        _ => "stop",
    }
}
