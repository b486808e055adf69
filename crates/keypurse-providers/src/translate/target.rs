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
    /// What a chat provider wants to see again.
    pub replay: Replay,
}

/// What of its model's reasoning a chat provider wants to see again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// None of it.
    Nothing,
    /// A proof with each turn's first tool call
    /// ([`crate::gemini::wants_proofs`]).
    Proofs,
    /// All of it, as `reasoning_content` of every message of the assistant's.
    Reasoning,
}

impl Target<'static> {
    /// Nobody: the translation is only counted.
    pub const TO_COUNT: Self = Self {
        model: "m",
        output_limit: 1,
        limit_is_of_completion: false,
        may_reason: true,
        replay: Replay::Nothing,
    };
}

/// What a client wants of an answer that its provider does not know.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The time in Unix seconds that completions and responses show.
    pub created: u64,
    /// The request, as the client wrote it.
    pub asked: &'a [u8],
}

/// What the translator from Gemini to a chat needs of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct WantedOfGemini {
    pub(super) created: u64,
    /// Whether the client takes one tool call at most. Gemini cannot be told.
    pub(super) one_call: bool,
}

impl Wanted<'_> {
    /// What a client of this dialect wants of Gemini.
    pub(super) fn of_gemini(self, client: Dialect) -> WantedOfGemini {
        WantedOfGemini {
            created: self.created,
            one_call: wants_one_call(client, self.asked),
        }
    }
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

fn wants_one_call(client: Dialect, body: &[u8]) -> bool {
    let Ok(wish) = serde_json::from_slice::<Wish<'_>>(body) else {
        return false;
    };
    let choice = || serde_json::from_str::<Choice>(wish.tool_choice?.get()).ok();
    match client {
        Dialect::OpenAi | Dialect::Responses => wish.parallel_tool_calls == Some(false),
        Dialect::Anthropic => choice().is_some_and(|choice| choice.disable_parallel_tool_use),
        Dialect::Gemini => false,
    }
}
