//! Anthropic's wire: what a `messages` request asks for, and what its answers
//! and their streams say.
//!
//! Pure: bytes in, facts out. It never decides what a call costs, and trusts
//! no number. Facts are from Anthropic's documentation of November 2026
//! ("Messages", "Streaming messages", "Errors", "Prompt caching", "Tool use")
//! and the types of its Python SDK 2.12.

mod answer;
mod count;
mod error;
mod event;
mod request;
mod stream;
mod text;
mod tools;
mod unsigned;
mod usage;

pub use answer::Answer;
pub(crate) use answer::{block_bytes, block_texts};
pub use count::token_count;
pub use error::{error_body, error_type};
pub use event::{Block, Delta, Event};
pub use request::{InvalidRequest, MessagesRequest, Parts, Unpriced};
pub use stream::{
    MessageStream, OutOfOrder, closing, model_of, renamed_start, to_event, with_cost,
};
pub use unsigned::is_unsigned;
pub(crate) use unsigned::{UNSIGNED, signing};
pub(crate) use usage::write_usage;
pub use usage::{UsageParts, read_usage};
