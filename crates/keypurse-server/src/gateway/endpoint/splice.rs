//! Changes members of a JSON object and leaves every other byte alone.
//!
//! What a client wrote and we validated is what a provider reads: unknown
//! members, the text of numbers and white space survive.

use std::fmt::Write as _;
use std::ops::Range;

use bytes::Bytes;
use serde_json::value::RawValue;

/// Where `part`, borrowed from `whole`, stands in it.
pub(in crate::gateway) fn place_of(part: &RawValue, whole: &[u8]) -> Range<usize> {
    let start = (part.get().as_ptr() as usize) - (whole.as_ptr() as usize);
    start..start + part.get().len()
}

/// Changes to be made to an object that has at least one member.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Edits {
    replaced: Vec<(Range<usize>, String)>,
    added: String,
}

impl Edits {
    /// Puts `value` where a member's value stands now.
    pub(in crate::gateway) fn replace(&mut self, place: Range<usize>, value: impl Into<String>) {
        self.replaced.push((place, value.into()));
    }

    /// Adds a member that the object does not have.
    pub(in crate::gateway) fn add(&mut self, name: &str, value: &str) {
        let _ = write!(self.added, ",\"{name}\":{value}");
    }

    /// Replaces the member that stands at `place`, or adds it.
    pub(in crate::gateway) fn set(&mut self, name: &str, place: Option<Range<usize>>, value: &str) {
        match place {
            Some(place) => self.replace(place, value),
            None => self.add(name, value),
        }
    }

    /// The object as changed; the same bytes when nothing was.
    pub(in crate::gateway) fn apply(mut self, object: &Bytes) -> Bytes {
        if self.replaced.is_empty() && self.added.is_empty() {
            return object.clone();
        }
        let end = memchr::memrchr(b'}', object).expect("an object ends with a brace");
        self.replaced.sort_by_key(|(place, _)| place.start);
        let grown: usize = self.replaced.iter().map(|(_, value)| value.len()).sum();
        let mut changed = Vec::with_capacity(object.len() + grown + self.added.len());
        let mut copied = 0;
        for (place, value) in &self.replaced {
            changed.extend_from_slice(&object[copied..place.start]);
            changed.extend_from_slice(value.as_bytes());
            copied = place.end;
        }
        changed.extend_from_slice(&object[copied..end]);
        changed.extend_from_slice(self.added.as_bytes());
        changed.extend_from_slice(&object[end..]);
        changed.into()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{Edits, place_of};
    use crate::http::json::JsonObject;

    #[test]
    fn only_named_members_change() {
        let body = Bytes::from_static(br#" { "a": 1e-09 , "b":{"x":"\u00e9}"} } "#);
        let object = JsonObject::read(&body).unwrap();
        let place = |name: &str| object.get(name).map(|value| place_of(value, &body));
        let mut edits = Edits::default();
        edits.set("c", place("c"), "true");
        edits.set("a", place("a"), "2");
        let changed = edits.apply(&body);
        assert_eq!(
            changed,
            &br#" { "a": 2 , "b":{"x":"\u00e9}"} ,"c":true} "#[..]
        );
        assert_eq!(Edits::default().apply(&body), body);
    }
}
