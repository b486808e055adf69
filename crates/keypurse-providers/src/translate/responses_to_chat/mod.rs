//! A request for a response as a chat request.
//!
//! By OpenAI's reference of November 2026 ("Create a model response") and the
//! types of its Python SDK. Left out because they only advise: `metadata`,
//! `truncation`, `verbosity`, `reasoning.summary`, `prompt_cache_key` and its
//! like, `max_tool_calls` (it is of tools the provider runs), descriptions of
//! namespaces, and reasoning that another server made. What a response keeps
//! at its provider (`store: true`, `previous_response_id`, `conversation`,
//! `prompt`, references to items) is refused: a chat's provider keeps nothing.

mod content;
mod input;
mod request;
mod tools;

use super::Untranslatable;

pub(super) use request::translate;

/// A refusal of the chat, about the member its client wrote.
pub(super) fn of_chat(refused: Untranslatable) -> Untranslatable {
    let names = [
        ("messages", "input"),
        ("reasoning_effort", "reasoning.effort"),
        ("response_format", "text.format"),
    ];
    let begins = |(chat, _): &&(&str, &'static str)| refused.param.starts_with(chat);
    match names.iter().find(begins) {
        Some((_, own)) => Untranslatable::new(*own, refused.why),
        None => refused,
    }
}
