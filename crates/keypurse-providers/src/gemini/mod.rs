//! Gemini's wire: what `generateContent` and `streamGenerateContent` answer.
//!
//! Pure: bytes in, facts out; it trusts no number. Facts are from Google's
//! documentation of November 2026 ("Generating content", "Function calling",
//! "Thinking", "Thought signatures") and the types of its Python SDK 3.4.
//! Clients speak other dialects, so requests are only written, by
//! `translate`.

mod address;
mod answer;
mod error;
mod generation;
mod usage;

pub use address::path;
pub use answer::{Answer, Candidate, Ending, FunctionCall, Part};
pub use error::ApiError;
pub use generation::wants_proofs;
pub(crate) use generation::{UNSIGNED, is_newer};
pub use usage::read_usage;
