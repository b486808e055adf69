//! Chat completions and their streams as OpenAI's responses.
//!
//! By OpenAI's reference of November 2026 ("The response object", "Streaming
//! events") and its "Chat completion object". A completion has one choice here:
//! a request for a response never asks for more. A response ends with an event
//! that has all of it, so a stream keeps what it said.

mod answer;
mod custom;
mod frame;
mod item;
mod stream;

pub(super) use answer::{of_chunks, translate as answer};
pub(super) use stream::ResponseStream;

/// How far a response is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    InProgress,
    Completed,
    /// It has an end, for this reason, that is not its own.
    Incomplete(&'static str),
}

impl Status {
    /// That of an answer that ended so.
    fn ended(finish_reason: Option<&str>) -> Self {
        match finish_reason {
            Some("length") => Self::Incomplete("max_output_tokens"),
            Some("content_filter") => Self::Incomplete("content_filter"),
            _ => Self::Completed,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Incomplete(_) => "incomplete",
        }
    }
}
