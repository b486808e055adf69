//! What of an answer is the model's own text.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

/// A block of an answer, as far as it is text.
#[derive(Debug, Deserialize)]
pub(super) struct Said<'a> {
    #[serde(borrow, default)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    thinking: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    partial_json: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
    /// A tool's input, as it is written.
    #[serde(borrow, default)]
    input: Option<&'a RawValue>,
}

impl<'a> Said<'a> {
    /// Reads a block or a delta; `None` when it is no such object.
    pub(super) fn read(block: &'a RawValue) -> Option<Self> {
        let is_object = block.get().starts_with('{');
        is_object.then(|| serde_json::from_str(block.get()).ok())?
    }

    /// Each piece of text in it.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        let written = [&self.text, &self.thinking, &self.partial_json, &self.name];
        let written = written.into_iter().filter_map(|text| text.as_deref());
        let input = self.input.map(RawValue::get);
        written
            .chain(input.filter(|input| *input != "{}"))
            .filter(|text| !text.is_empty())
    }

    /// UTF-8 bytes of them.
    pub(super) fn bytes(&self) -> u64 {
        let bytes = self.texts().map(str::len).sum::<usize>();
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }
}
