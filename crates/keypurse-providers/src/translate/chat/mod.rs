//! A chat request, read whole: what is translated from it.
//!
//! By OpenAI's reference of November 2026 ("Create chat completion") and the
//! types of its Python SDK 3.54. Members that reasoning models of other
//! vendors need to see again are understood where a convention exists:
//! `thinking_blocks` of an earlier answer (Anthropic), and
//! `extra_content.google.thought_signature` of a tool call ("OpenAI
//! compatibility", Gemini). So are Anthropic's `cache_control`, `thinking` and
//! `top_k`.

mod message;
mod options;
mod read;
mod tool;

pub(super) use message::{Call, Media, Part, Text, Turn};
pub(super) use options::{Format, Sampling};
pub(super) use read::{Chat, NO_COUNTERPART};
pub(super) use tool::{Choice, Tool};
