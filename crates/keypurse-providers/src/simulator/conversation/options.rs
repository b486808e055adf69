//! How the answer is to look: how many, how long, in which format.

use crate::simulator::fields::Json;

#[derive(Debug)]
pub(in crate::simulator) struct Options<'a> {
    pub(in crate::simulator) choices: u64,
    pub(in crate::simulator) output_limit: Option<u64>,
    pub(in crate::simulator) stops: Vec<&'a str>,
    /// How many alternatives to report for each piece; `None` reports nothing.
    pub(in crate::simulator) top_logprobs: Option<usize>,
    pub(in crate::simulator) format: Format<'a>,
    /// Whether the model's thoughts are shown before its answer.
    pub(in crate::simulator) thinks: bool,
}

#[derive(Clone, Copy, Debug)]
pub(in crate::simulator) enum Format<'a> {
    Text,
    JsonObject,
    JsonSchema(Json<'a>),
}

/// Log probabilities in one answer. Each is some 60 bytes, and a piece of the
/// answer may have 21 of them.
const MOST_LOGPROBS: u64 = 200_000;

impl Options<'_> {
    /// How long each choice can be before its log probabilities fill the answer.
    pub(super) fn most_reported(&self) -> u64 {
        let Some(alternatives) = self.top_logprobs else {
            return u64::MAX;
        };
        let of_a_piece = u64::try_from(alternatives)
            .unwrap_or(u64::MAX)
            .saturating_add(1);
        MOST_LOGPROBS / of_a_piece.saturating_mul(self.choices).max(1)
    }
}

impl<'a> Format<'a> {
    pub(in crate::simulator) fn schema(self) -> Option<Json<'a>> {
        match self {
            Self::JsonSchema(schema) => Some(schema),
            Self::Text | Self::JsonObject => None,
        }
    }
}
