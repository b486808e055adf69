//! A chat request as a Gemini `generateContent` request.
//!
//! By Google's documentation of November 2026 ("Generating content", "File
//! input methods", "Function calling", "Structured output", "Thinking",
//! "Thought signatures", "OpenAI compatibility"). System and developer
//! messages all go first, in their order. Left out because they only advise:
//! `user`, `name` of a message, `detail` of an image, `verbosity`, `metadata`,
//! the name of a schema, `cache_control`, and how a prompt is to be cached.

mod options;
mod parts;
mod request;
mod turns;

pub(super) use request::translate;
