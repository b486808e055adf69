//! A `messages` request as a chat request.
//!
//! By "Messages" of November 2026 and OpenAI's "Create chat completion". Left
//! out because they only advise: `cache_control`, `context_management`,
//! `diagnostics`, a document's `context` and `citations`, a result's
//! `is_error`, a tool's `input_examples`, `eager_input_streaming` and
//! `defer_loading`, the model's own earlier thinking unless its provider wants
//! to see it (Anthropic leaves it out of earlier turns itself), thinking asked of a model that never does, and a
//! `user_id` longer than OpenAI takes.

mod blocks;
mod request;
mod strict;
mod thinking;
mod turns;

pub(super) use request::translate;
