//! OpenAI's wire: what answers and their streams say about usage.
//!
//! Pure: bytes in, facts out. It never decides what a call costs, and trusts
//! nothing: numbers that are not plain token counts are reported as such.
//! Text is only measured; a response's stream alone keeps some, to be closed.

mod answer;
mod chunk;
mod event;
mod media_usage;
mod output;
mod response;
pub(crate) mod text;
mod usage;
mod write_usage;

pub use answer::Answer;
pub use chunk::{Beside, Chunk};
pub use event::{Event, end_of_event};
pub use media_usage::{
    read_duration, read_image_usage, read_speech_usage, read_transcription_usage,
};
pub use output::{Closing, ResponseOutput};
pub use response::{CompleteItem, ResponseEvent, ResponseStep};
pub use usage::{ImplausibleUsage, read_input_usage, read_response_usage, read_usage};
pub use write_usage::{write_response_usage, write_usage};
