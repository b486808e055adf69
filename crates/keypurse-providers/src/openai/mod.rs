//! OpenAI's wire: what answers and their streams say about usage.
//!
//! Pure: bytes in, facts out. It never decides what a call costs, and trusts
//! nothing: numbers that are not plain token counts are reported as such.
//! Text is only measured, never kept.

mod answer;
mod chunk;
mod event;
mod response;
mod text;
mod usage;

pub use answer::Answer;
pub use chunk::Chunk;
pub use event::{Event, end_of_event};
pub use response::{CompleteItem, ResponseEvent, ResponseStep};
pub use usage::{ImplausibleUsage, read_input_usage, read_response_usage, read_usage};
