//! A `chat.completion`.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::content::{Piece, pieces};
use crate::openai::text::is_object;
use crate::translate::NoAnswer;

#[derive(Deserialize)]
pub(in crate::translate) struct Completion<'a> {
    #[serde(borrow, default)]
    pub(in crate::translate) id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(in crate::translate) model: Option<&'a RawValue>,
    #[serde(borrow)]
    choices: Vec<Choice<'a>>,
    #[serde(borrow, default)]
    pub(in crate::translate) usage: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(in crate::translate) struct Choice<'a> {
    #[serde(borrow)]
    pub(in crate::translate) message: Said<'a>,
    #[serde(borrow, default)]
    pub(in crate::translate) finish_reason: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(in crate::translate) struct Said<'a> {
    #[serde(borrow, default)]
    pub(in crate::translate) content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(in crate::translate) refusal: Option<&'a RawValue>,
    #[serde(borrow, default)]
    reasoning_content: Option<&'a RawValue>,
    /// The same by another name; some servers write both.
    #[serde(borrow, default)]
    reasoning: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(in crate::translate) tool_calls: Option<Vec<WholeCall<'a>>>,
}

#[derive(Deserialize)]
pub(in crate::translate) struct WholeCall<'a> {
    #[serde(borrow, default)]
    pub(in crate::translate) id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(in crate::translate) function: Function<'a>,
}

#[derive(Deserialize)]
pub(in crate::translate) struct Function<'a> {
    #[serde(borrow)]
    pub(in crate::translate) name: &'a RawValue,
    #[serde(borrow, default)]
    pub(in crate::translate) arguments: Option<Cow<'a, str>>,
}

impl<'a> Completion<'a> {
    /// Reads an answer of one choice, and that choice.
    pub(in crate::translate) fn read(body: &'a [u8]) -> Result<(Self, Choice<'a>), NoAnswer> {
        if !is_object(body) {
            return Err(NoAnswer);
        }
        let mut completion: Self = serde_json::from_slice(body).map_err(|_| NoAnswer)?;
        let choice = completion.choices.drain(..).next().ok_or(NoAnswer)?;
        Ok((completion, choice))
    }
}

impl<'a> Said<'a> {
    /// Thinking and texts, in their order. `None` when the content is none.
    pub(in crate::translate) fn pieces(&self) -> Option<Vec<Piece<'a>>> {
        let reasoning = some_text(self.reasoning_content).or(some_text(self.reasoning));
        let mut said: Vec<Piece<'a>> = reasoning.map(Piece::Thinking).into_iter().collect();
        said.extend(self.content.map_or(Some(Vec::new()), pieces)?);
        said.extend(some_text(self.refusal).map(Piece::Refusal));
        Some(said)
    }
}

/// A text that says something.
pub(in crate::translate) fn some_text(text: Option<&RawValue>) -> Option<&RawValue> {
    text.filter(|text| text.get().starts_with('"') && text.get() != "\"\"")
}
