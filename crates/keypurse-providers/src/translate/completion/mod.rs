//! Chat completions and their chunks, as OpenAI's SDKs read them.

mod chunk;
mod error;
mod whole;

pub(super) use chunk::{Chunks, Piece};
pub(super) use error::{error, event};
pub(super) use whole::{Answered, AnsweredCall, completion};
