//! Gemini's answers, streams and errors as chat completions.
//!
//! A call's `thoughtSignature` becomes `extra_content.google.thought_signature`,
//! as Google's own "OpenAI compatibility" does it: newer models want to see it
//! again. Grounding, citations, safety ratings and log probabilities have no
//! place here.

mod answer;
mod call;
mod error;
mod stream;

pub(super) use answer::translate as answer;
pub(super) use error::translate as error;
pub(super) use stream::GeminiStream;

use crate::gemini::Ending;

/// Why a candidate ended, as a completion says it.
fn finish_reason(ending: Ending, calls_tools: bool) -> &'static str {
    match ending {
        Ending::Limit => "length",
        Ending::Filtered => "content_filter",
        Ending::Complete if calls_tools => "tool_calls",
        Ending::Complete => "stop",
    }
}
