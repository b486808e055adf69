//! Changes members of a JSON object and leaves every other byte alone.
//!
//! What a client wrote and we validated is what a provider reads: unknown
//! members, the text of numbers and white space survive.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::ops::Range;

use bytes::Bytes;
use serde_json::value::RawValue;

/// Where `part`, borrowed from `whole`, stands in it.
pub(in crate::gateway) fn place_of(part: &RawValue, whole: &[u8]) -> Range<usize> {
    let start = (part.get().as_ptr() as usize) - (whole.as_ptr() as usize);
    start..start + part.get().len()
}

/// From this length on, sending pieces costs less than copying.
const WORTH_PIECES: usize = 32 * 1024;

/// A body in the pieces it is sent in, none of which is empty unless it is the
/// only one.
#[derive(Clone, Debug, Default)]
pub(in crate::gateway) struct Pieces(VecDeque<Bytes>);

impl Pieces {
    pub(super) fn push(&mut self, piece: Bytes) {
        if !piece.is_empty() {
            self.0.push_back(piece);
        }
    }

    /// Takes the first one.
    pub(in crate::gateway) fn take_first(&mut self) -> Option<Bytes> {
        self.0.pop_front()
    }

    /// Whether there are none left.
    pub(in crate::gateway) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes of all of them.
    pub(in crate::gateway) fn length(&self) -> usize {
        self.0.iter().map(Bytes::len).sum()
    }

    /// All of them as one.
    pub(in crate::gateway) fn joined(mut self) -> Bytes {
        if self.0.len() == 1 {
            return self.0.remove(0).unwrap_or_default();
        }
        let mut joined = Vec::with_capacity(self.length());
        for piece in self.0 {
            joined.extend_from_slice(&piece);
        }
        joined.into()
    }
}

impl From<Bytes> for Pieces {
    fn from(body: Bytes) -> Self {
        Self(VecDeque::from([body]))
    }
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

    /// Takes out the member that stands at `place`, its name included. At most
    /// one, and not the only one.
    pub(in crate::gateway) fn remove(&mut self, place: Range<usize>, object: &[u8]) {
        let is_space = |byte: &u8| byte.is_ascii_whitespace();
        let behind = object[place.end..].iter().position(|byte| !is_space(byte));
        let behind = place.end + behind.expect("an object ends with a brace");
        let place = if object[behind] == b',' {
            place.start..behind + 1
        } else {
            let before = object[..place.start]
                .iter()
                .rposition(|byte| !is_space(byte));
            before.expect("a comma is before the last member")..place.end
        };
        self.replace(place, "");
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
        if self.changes_nothing() {
            return object.clone();
        }
        let end = self.prepare(object);
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

    /// The same of an object of our own that only grows: it is not copied.
    pub(in crate::gateway) fn append_to(self, mut object: Vec<u8>) -> Bytes {
        assert!(self.replaced.is_empty(), "nothing in it changes");
        let end = end_of_members(&object);
        object.splice(end..end, self.added.into_bytes());
        object.into()
    }

    /// The same to be sent: a long object is not copied.
    pub(in crate::gateway) fn send(mut self, object: &Bytes) -> Pieces {
        if object.len() < WORTH_PIECES || self.changes_nothing() {
            return self.apply(object).into();
        }
        let end = self.prepare(object);
        let mut pieces = Pieces::default();
        let mut sent = 0;
        for (place, value) in self.replaced {
            pieces.push(object.slice(sent..place.start));
            pieces.push(value.into());
            sent = place.end;
        }
        pieces.push(object.slice(sent..end));
        pieces.push(self.added.into());
        pieces.push(object.slice(end..));
        pieces
    }

    fn changes_nothing(&self) -> bool {
        self.replaced.is_empty() && self.added.is_empty()
    }

    /// Puts the changes in order, and tells where members are added.
    fn prepare(&mut self, object: &[u8]) -> usize {
        self.replaced.sort_by_key(|(place, _)| place.start);
        end_of_members(object)
    }
}

fn end_of_members(object: &[u8]) -> usize {
    memchr::memrchr(b'}', object).expect("an object ends with a brace")
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{Edits, WORTH_PIECES, place_of};
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

    #[test]
    fn a_member_is_taken_out_with_one_comma() {
        for (body, without) in [
            (r#"{ "x" : [1, 2] , "b":1}"#, r#"{  "b":1}"#),
            (r#"{"a":1,"x":null,"b":2}"#, r#"{"a":1,"b":2}"#),
            (r#"{"a":1 , "x":"}" }"#, r#"{"a":1  }"#),
            (r#"{"a":1,"x":2}"#, r#"{"a":1}"#),
        ] {
            let text = Bytes::from_static(body.as_bytes());
            let object = JsonObject::read(&text).unwrap();
            let mut edits = Edits::default();
            edits.remove(object.place_with_name("x").unwrap(), &text);
            assert_eq!(edits.apply(&text), without.as_bytes(), "{body}");
            assert!(object.place_with_name("y").is_none());
        }
    }

    #[test]
    fn what_is_sent_in_pieces_is_what_is_written_in_one() {
        for padding in [0, WORTH_PIECES] {
            let text = format!(r#"{{"a": 1, "b": "{}", "c": 2}}"#, "x".repeat(padding));
            let body = Bytes::from(text);
            let object = JsonObject::read(&body).unwrap();
            let edits = || {
                let mut edits = Edits::default();
                edits.set("c", object.place("c"), "true");
                edits.set("a", object.place("a"), "17");
                edits.add("d", "null");
                edits
            };
            let pieces = edits().send(&body);
            assert_eq!(pieces.length(), edits().apply(&body).len());
            assert_eq!(pieces.joined(), edits().apply(&body));
        }
    }

    #[test]
    fn an_object_of_our_own_gets_the_same_members() {
        let body = br#" {"a": {"b": 1}} "#;
        let mut edits = Edits::default();
        edits.add("c", "2");
        edits.add("d", "{}");
        let grown = edits.append_to(body.to_vec());
        assert_eq!(grown, &br#" {"a": {"b": 1},"c":2,"d":{}} "#[..]);
    }
}
