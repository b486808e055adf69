//! Reads a JSON object strictly: what two parsers could read differently is
//! refused. A duplicate `model` or `max_tokens` read once by us and once by a
//! provider would be a billing attack.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use thiserror::Error;

/// Deepest nesting accepted.
pub const MAX_DEPTH: usize = 64;

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
    members: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'a> JsonObject<'a> {
    /// Checks the whole body: UTF-8, one object, no duplicate key at any
    /// level, at most [`MAX_DEPTH`] deep, no lone surrogate.
    pub fn read(body: &'a [u8]) -> Result<Self, JsonError> {
        let text = std::str::from_utf8(body).map_err(|_| JsonError {
            reason: "the body is not valid UTF-8".to_owned(),
        })?;
        let mut reader = serde_json::Deserializer::from_str(text);
        let members = reader.deserialize_map(Members).map_err(explain)?;
        reader.end().map_err(explain)?;
        for (_, value) in &members {
            check_nested(value).map_err(explain)?;
        }
        Ok(Self { members })
    }

    /// A member's text, `None` when it is absent.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.members
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| *value)
    }

    /// All members, in the order they came.
    pub fn members(&self) -> &[(Cow<'a, str>, &'a RawValue)] {
        &self.members
    }
}

fn explain(error: impl fmt::Display) -> JsonError {
    JsonError {
        reason: format!("invalid JSON: {error}"),
    }
}

/// Scalars keep their text, so a number of any size passes here and is judged
/// by whoever reads it; strings and nested values are walked.
fn check_nested(value: &RawValue) -> Result<(), serde_json::Error> {
    match value.get().as_bytes().first() {
        Some(b'{' | b'[' | b'"') => {
            let mut reader = serde_json::Deserializer::from_str(value.get());
            Strict { depth: 1 }.deserialize(&mut reader)
        }
        _ => Ok(()),
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members: Self::Value = Vec::with_capacity(8);
        let mut keys = Keys::default();
        while let Some(key) = map.next_key_seed(KeySeed)? {
            keys.insert(key.clone())?;
            members.push((key, map.next_value()?));
        }
        Ok(members)
    }
}

/// Keys seen in one object. Objects are small, so a list is searched first.
#[derive(Default)]
struct Keys<'de> {
    few: Vec<Cow<'de, str>>,
    many: HashSet<Cow<'de, str>>,
}

impl<'de> Keys<'de> {
    const FEW: usize = 16;

    fn insert<E: Error>(&mut self, key: Cow<'de, str>) -> Result<(), E> {
        if self.few.contains(&key) || self.many.contains(&key) {
            return Err(E::custom(format_args!("duplicate key `{key}`")));
        }
        if self.few.len() < Self::FEW {
            self.few.push(key);
        } else {
            self.many.insert(key);
        }
        Ok(())
    }
}

struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for KeySeed {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E: Error>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

/// Walks a value and keeps nothing.
#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom(format_args!(
                "nested deeper than {MAX_DEPTH} levels"
            )));
        }
        Ok(Self {
            depth: self.depth + 1,
        })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        while items.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        let mut keys = Keys::default();
        while let Some(key) = map.next_key_seed(KeySeed)? {
            keys.insert(key)?;
            map.next_value_seed(inner)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{JsonObject, MAX_DEPTH};

    fn is_accepted(body: &str) -> bool {
        JsonObject::read(body.as_bytes()).is_ok()
    }

    #[test]
    fn what_two_parsers_could_read_differently_is_refused() {
        for body in [
            "",
            "null",
            "[]",
            "\"text\"",
            "{",
            "{} {}",
            "{}x",
            "{\"a\":1,}",
            "{'a':1}",
            "{\"a\":NaN}",
            "{\"a\":Infinity}",
            "{\"a\":01}",
            "{\"a\":+1}",
            "{\"a\":.5}",
            "{\"a\":1,\"a\":1}",
            "{\"a\":1,\"\\u0061\":2}",
            "{\"m\":{\"a\":1,\"a\":2}}",
            "{\"m\":[[{\"a\":1,\"a\":2}]]}",
            "{\"a\":\"\\ud800\"}",
            "{\"a\":[\"\\udc00x\"]}",
            "{\"\\ud800\":1}",
            "{\"a\":\"\u{0}\"}",
            "{\"a\":[1e999]}",
            "\u{feff}{}",
        ] {
            assert!(!is_accepted(body), "{body}");
        }
        assert!(JsonObject::read(b"{\"a\":\"\xff\"}").is_err());
    }

    #[test]
    fn members_keep_their_text() {
        let body = br#" {"a": 1e-09, "b":"\u00e9", "c":{"d":[true,null]}, "e": 1e999} "#;
        let object = JsonObject::read(body).unwrap();
        let texts: Vec<&str> = object
            .members()
            .iter()
            .map(|(_, value)| value.get())
            .collect();
        assert_eq!(
            texts,
            ["1e-09", r#""\u00e9""#, r#"{"d":[true,null]}"#, "1e999"]
        );
        assert!(object.get("x").is_none());
    }

    #[test]
    fn nesting_ends_at_the_limit() {
        let nested = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
        assert!(is_accepted(&nested(MAX_DEPTH)));
        assert!(!is_accepted(&nested(MAX_DEPTH + 1)));
        assert!(!is_accepted(&nested(10_000)));
    }

    #[test]
    fn many_keys_are_still_checked_for_duplicates() {
        let keys: Vec<String> = (0..100).map(|n| format!("\"k{n}\":{n}")).collect();
        assert!(is_accepted(&format!("{{{}}}", keys.join(","))));
        assert!(!is_accepted(&format!("{{{},\"k99\":1}}", keys.join(","))));
        assert!(!is_accepted(&format!("{{{},\"k3\":1}}", keys.join(","))));
    }
}
