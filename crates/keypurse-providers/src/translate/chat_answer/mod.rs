//! Chat completions and their chunks, as providers of that dialect and the
//! translators to it write them.

mod calls;
mod chunk;
mod content;
mod error;
mod whole;

pub(super) use calls::{Call, LastCall, Place, some};
pub(super) use chunk::{Chunk, ChunkChoice, Delta};
pub(super) use content::Piece;
pub(super) use error::told_error;
pub(super) use whole::{Completion, Said, some_text};
