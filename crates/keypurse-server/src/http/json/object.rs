//! An object and its members.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::value::RawValue;
use thiserror::Error;

use super::scan::{Fault, Node, Scanned, scan};
use super::value::Json;

/// Why a body is no acceptable JSON object.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{reason}")]
pub struct JsonError {
    /// What is wrong and where.
    pub reason: String,
}

/// A strictly checked object, its members still text: numbers keep every
/// digit, and unchanged members can be forwarded byte by byte.
#[derive(Debug)]
pub struct JsonObject<'a> {
    text: &'a str,
    nodes: Vec<Node>,
    members: Vec<(Cow<'a, str>, Member<'a>)>,
    /// The marks of their names. Most of those that are asked for are absent.
    marks: u64,
}

/// The value of a member.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    text: &'a str,
    start: usize,
    node: usize,
}

impl<'a> Member<'a> {
    fn of(text: &'a str, value: Json<'_>) -> Self {
        let (node, place) = (value.node(), value.place());
        Self {
            start: place.start,
            text: &text[place],
            node,
        }
    }

    /// Its text.
    pub fn get(&self) -> &'a str {
        self.text
    }
}

impl<'a> JsonObject<'a> {
    /// Checks the whole body: UTF-8, one object, no duplicate key at any
    /// level, at most [`super::MAX_DEPTH`] deep, no lone surrogate.
    pub fn read(body: &'a [u8]) -> Result<Self, JsonError> {
        let text = simdutf8::basic::from_utf8(body).map_err(|_| JsonError {
            reason: "the body is not valid UTF-8".to_owned(),
        })?;
        let Scanned { nodes, names } = scan(text).map_err(|fault| explain(text, &fault))?;
        let values = Json::new(text, &nodes, 0).members();
        let values = values.map(|(_, value)| Member::of(text, value));
        let marks = names.iter().fold(0, |marks, name| marks | mark(name));
        let members = names.into_iter().zip(values).collect();
        Ok(Self {
            text,
            nodes,
            members,
            marks,
        })
    }

    /// A member's text, `None` when it is absent.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        Some(self.member(name)?.text)
    }

    /// The same for whoever reads it with serde. It is walked through once
    /// more: [`Self::value`] is for what may be long.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        let text = self.text(name)?;
        Some(serde_json::from_str(text).expect("what was checked is a value"))
    }

    /// Where a member's value stands in the body.
    pub fn place(&self, name: &str) -> Option<Range<usize>> {
        let Member { text, start, .. } = *self.member(name)?;
        Some(start..start + text.len())
    }

    /// Where a member stands in the body, its name included.
    pub fn place_with_name(&self, name: &str) -> Option<Range<usize>> {
        let Member { text, start, node } = *self.member(name)?;
        // A name stands before its value, and nothing is in it.
        let name = Json::new(self.text, &self.nodes, node - 1);
        Some(name.place().start..start + text.len())
    }

    /// A member to look into, unless it is null.
    pub fn value(&self, name: &str) -> Option<Json<'_>> {
        let value = Json::new(self.text, &self.nodes, self.member(name)?.node);
        (!value.is_null()).then_some(value)
    }

    /// The object itself.
    pub fn whole(&self) -> Json<'_> {
        Json::new(self.text, &self.nodes, 0)
    }

    /// All members, in the order they came.
    pub fn members(&self) -> &[(Cow<'a, str>, Member<'a>)] {
        &self.members
    }

    fn member(&self, name: &str) -> Option<&Member<'a>> {
        if self.marks & mark(name) == 0 {
            return None;
        }
        let mut members = self.members.iter();
        let (_, member) = members.find(|(known, _)| known == name)?;
        Some(member)
    }
}

/// One bit of 64, which few names share.
fn mark(name: &str) -> u64 {
    let first = name.bytes().next().unwrap_or(0);
    1 << ((usize::from(first) ^ name.len()) % 64)
}

fn explain(text: &str, Fault { what, at }: &Fault) -> JsonError {
    let before = &text.as_bytes()[..*at];
    let line = 1 + memchr::memchr_iter(b'\n', before).count();
    let column = 1 + at - memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
    JsonError {
        reason: format!("invalid JSON: {what} at line {line} column {column}"),
    }
}
