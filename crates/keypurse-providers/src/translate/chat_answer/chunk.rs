//! A `chat.completion.chunk`.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::calls::{Call, some};
use super::content::{Piece, pieces};

#[derive(Deserialize)]
pub(in crate::translate) struct Chunk<'a> {
    #[serde(borrow, default)]
    pub(in crate::translate) id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(in crate::translate) model: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(in crate::translate) choices: Option<Vec<ChunkChoice<'a>>>,
    #[serde(borrow, default)]
    pub(in crate::translate) usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(in crate::translate) service_tier: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(in crate::translate) error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(in crate::translate) struct ChunkChoice<'a> {
    #[serde(default)]
    pub(in crate::translate) index: Option<u64>,
    #[serde(borrow, default)]
    pub(in crate::translate) delta: Option<Delta<'a>>,
    #[serde(borrow, default)]
    finish_reason: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(in crate::translate) struct Delta<'a> {
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    refusal: Option<&'a RawValue>,
    #[serde(borrow, default)]
    reasoning_content: Option<&'a RawValue>,
    /// The same by another name; some servers write both.
    #[serde(borrow, default)]
    reasoning: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(in crate::translate) tool_calls: Option<Vec<Call<'a>>>,
    /// Anthropic's signed blocks, as its translator tells them.
    #[serde(borrow, default)]
    pub(in crate::translate) thinking_blocks: Option<&'a RawValue>,
}

impl<'a> Chunk<'a> {
    /// Reads an event's data; `None` when it is no chunk.
    pub(in crate::translate) fn read(data: &'a str) -> Option<Self> {
        let is_object = data.trim_start().starts_with('{');
        is_object.then(|| serde_json::from_str(data).ok())?
    }

    /// Whether an answer begins with it: Azure first tells what its filters
    /// found, under no name.
    pub(in crate::translate) fn begins(&self) -> bool {
        let says_something = self.choices.as_ref().is_some_and(|all| !all.is_empty());
        some(self.id).is_some() || says_something
    }
}

impl ChunkChoice<'_> {
    /// Why it ended, once it has. Some servers say nothing in each chunk.
    pub(in crate::translate) fn finish_reason(&self) -> Option<&str> {
        let reason = self.finish_reason.as_deref();
        reason.filter(|reason| !reason.is_empty())
    }
}

impl<'a> Delta<'a> {
    /// Thinking and texts that say something, in their order. `None` when the
    /// content is none.
    pub(in crate::translate) fn pieces(&self) -> Option<Vec<Piece<'a>>> {
        let reasoning = some(self.reasoning_content).or(some(self.reasoning));
        let mut said: Vec<Piece<'a>> = reasoning.map(Piece::Thinking).into_iter().collect();
        let content = self.content.map_or(Some(Vec::new()), pieces)?;
        said.extend(
            content
                .into_iter()
                .filter(|piece| some(Some(piece.text())).is_some()),
        );
        said.extend(some(self.refusal).map(Piece::Refusal));
        Some(said)
    }
}
