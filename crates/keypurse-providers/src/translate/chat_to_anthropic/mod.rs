//! A chat request as an Anthropic `messages` request.
//!
//! By Anthropic's documentation of November 2026 ("Messages", "Tool use",
//! "Structured outputs", "Thinking", "OpenAI SDK compatibility").
//!
//! System and developer messages all go first, in their order, as that last
//! page does it too: most models take no others. Left out because they only
//! advise: `name` of a message, `detail` of an image, `seed`, `verbosity`,
//! `metadata`, the name of a schema, and how a prompt is to be cached.

mod blocks;
mod caching;
mod effort;
mod model;
mod request;
mod sampling;
mod schema;
mod turns;

pub(super) use request::translate;
