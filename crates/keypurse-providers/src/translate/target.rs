//! Who a request is translated for, and for whom its answer.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Dialect;

/// Where a translated request goes.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The model, as its provider names it.
    pub model: &'a str,
    /// The output limit to be sent, per answer.
    pub output_limit: u64,
    /// Whether a chat provider wants `max_completion_tokens` instead of
    /// `max_tokens`.
    pub limit_is_of_completion: bool,
    /// Whether the model may be asked for an effort of reasoning. A chat
    /// provider refuses it for a model that never reasons.
    pub may_reason: bool,
    /// Whether a chat provider wants a proof with each turn's first tool call
    /// ([`crate::gemini::wants_proofs`]).
    pub wants_proofs: bool,
}

/// What a client wants of an answer that its provider does not know.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// The time in Unix seconds that completions show.
    pub created: u64,
    /// Whether it takes one tool call at most. Gemini cannot be told.
    pub one_call: bool,
}

#[derive(Deserialize)]
struct Wish<'a> {
    #[serde(default)]
    parallel_tool_calls: Option<bool>,
    #[serde(borrow, default)]
    tool_choice: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    disable_parallel_tool_use: bool,
}

/// Whether a client's request takes one tool call at most.
pub fn wants_one_call(client: Dialect, body: &[u8]) -> bool {
    let Ok(wish) = serde_json::from_slice::<Wish<'_>>(body) else {
        return false;
    };
    let choice = || serde_json::from_str::<Choice>(wish.tool_choice?.get()).ok();
    match client {
        Dialect::OpenAi => wish.parallel_tool_calls == Some(false),
        Dialect::Anthropic => choice().is_some_and(|choice| choice.disable_parallel_tool_use),
        Dialect::Gemini => false,
    }
}
