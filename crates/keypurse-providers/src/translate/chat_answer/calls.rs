//! Which tool call a piece of a stream belongs to.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde::Deserialize;
use serde_json::value::RawValue;

/// A piece of a call.
#[derive(Deserialize)]
pub(in crate::translate) struct Call<'a> {
    #[serde(default)]
    index: Option<u64>,
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    function: Option<Function<'a>>,
    #[serde(borrow, default)]
    extra_content: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(borrow, default)]
    name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
}

/// The call that began last.
#[derive(Debug)]
pub(in crate::translate) struct LastCall {
    number: u64,
    /// As it is written; empty where the provider gave none.
    id: String,
    /// As it is written.
    name: String,
    arguments: Arguments,
}

/// What a piece does.
#[derive(Clone, Copy, Debug)]
pub(in crate::translate) enum Place<'a> {
    Begins { number: u64, name: &'a RawValue },
    GoesOn,
    Stray,
}

impl<'a> Call<'a> {
    pub(in crate::translate) fn id(&self) -> Option<&'a RawValue> {
        some(self.id)
    }

    pub(in crate::translate) fn arguments(&self) -> Option<&'a RawValue> {
        some(
            self.function
                .as_ref()
                .and_then(|function| function.arguments),
        )
    }

    pub(in crate::translate) fn extra_content(&self) -> Option<&'a RawValue> {
        self.extra_content
    }

    fn name(&self) -> Option<&'a RawValue> {
        some(self.function.as_ref().and_then(|function| function.name))
    }

    /// By number, id and name, as far as there are any: Google gives all calls
    /// of an answer the same number, some servers give none, others no ids, and
    /// some repeat id or name in every piece. Only a named piece begins a call.
    pub(in crate::translate) fn place(&self, last: Option<&LastCall>) -> Place<'a> {
        let next = last.map_or(0, |last| last.number.saturating_add(1));
        let number = self.index.unwrap_or(next);
        let name = self.name();
        let begins = name.map_or(Place::Stray, |name| Place::Begins { number, name });
        let Some(last) = last else {
            return begins;
        };
        let order = self.index.map(|index| index.cmp(&last.number));
        let is_same_id = self.id().map(|id| id.get() == last.id);
        let is_same_name = name.map(|name| name.get() == last.name);
        match (order, is_same_id, is_same_name) {
            (Some(Ordering::Less), _, _) | (None, Some(false), None) => Place::Stray,
            (Some(Ordering::Greater), _, _)
            | (_, _, Some(false))
            | (_, Some(false), Some(true)) => begins,
            (_, None, Some(true)) if self.follows_whole(last) => begins,
            _ => Place::GoesOn,
        }
    }

    /// Whether nothing can be added to the last call's arguments. Where calls
    /// have ids, a piece that only repeats the name is no call.
    fn follows_whole(&self, last: &LastCall) -> bool {
        let brings_more = last.id.is_empty() || self.arguments().is_some();
        last.arguments == Arguments::Whole && brings_more
    }
}

impl LastCall {
    pub(in crate::translate) fn new(number: u64, id: Option<&RawValue>, name: &RawValue) -> Self {
        Self {
            number,
            id: id.map_or_else(String::new, |id| id.get().to_owned()),
            name: name.get().to_owned(),
            arguments: Arguments::Before,
        }
    }

    /// Whether it ends in the middle of its arguments.
    pub(in crate::translate) fn is_half(&self) -> bool {
        matches!(
            self.arguments,
            Arguments::Within(_) | Arguments::Text(_) | Arguments::Escape(_)
        )
    }

    /// Whether nothing was said of its arguments.
    pub(in crate::translate) fn has_no_arguments(&self) -> bool {
        self.arguments == Arguments::Before
    }

    /// Takes note of a piece of its arguments.
    pub(in crate::translate) fn add(&mut self, arguments: &RawValue) {
        let text: Result<Cow<'_, str>, _> = serde_json::from_str(arguments.get());
        self.arguments = text.map_or(Arguments::Other, |text| {
            text.bytes().fold(self.arguments, Arguments::after)
        });
    }
}

/// How far the object has come that arguments should be: nothing of their text
/// is kept. The numbers tell how many lists and objects are open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arguments {
    Before,
    Within(u64),
    /// In a text.
    Text(u64),
    /// In a text, after a backslash.
    Escape(u64),
    Whole,
    /// No object, or more than one.
    Other,
}

impl Arguments {
    fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Before | Self::Whole, b' ' | b'\t' | b'\r' | b'\n') => self,
            (Self::Before, b'{') => Self::Within(1),
            (Self::Before | Self::Whole, _) => Self::Other,
            (Self::Within(open), b'{' | b'[') => Self::Within(open + 1),
            (Self::Within(1), b'}' | b']') => Self::Whole,
            (Self::Within(open), b'}' | b']') => Self::Within(open - 1),
            (Self::Within(open), b'"') | (Self::Escape(open), _) => Self::Text(open),
            (Self::Text(open), b'"') => Self::Within(open),
            (Self::Text(open), b'\\') => Self::Escape(open),
            (Self::Within(_) | Self::Text(_) | Self::Other, _) => self,
        }
    }
}

/// What is told, unless it is the empty text.
pub(in crate::translate) fn some(text: Option<&RawValue>) -> Option<&RawValue> {
    text.filter(|text| text.get() != "\"\"")
}
