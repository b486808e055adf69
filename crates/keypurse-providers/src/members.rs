//! An object's members as they are written.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// An object's members in their order. Values keep their text, so numbers keep
/// every digit.
#[derive(Debug)]
pub(crate) struct Members<'a>(pub(crate) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    /// Reads an object; `None` when it is none.
    pub(crate) fn read(json: &'a str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    /// A member's value, unless it is null.
    pub(crate) fn get(&self, name: &str) -> Option<&'a RawValue> {
        let found = self.0.iter().find(|(member, _)| member == name);
        found
            .map(|(_, value)| *value)
            .filter(|value| value.get() != "null")
    }

    /// The object with some members set to these values.
    pub(crate) fn with(&self, set: &[(&str, &str)]) -> String {
        let is_set = |name: &str| set.iter().any(|(member, _)| *member == name);
        let kept = self.0.iter().filter(|(name, _)| !is_set(name));
        let kept = kept.map(|(name, value)| (name.as_ref(), value.get()));
        let mut text = String::from("{");
        for (name, value) in kept.chain(set.iter().copied()) {
            if text.len() > 1 {
                text.push(',');
            }
            text.push_str(&serde_json::to_string(name).expect("a text is JSON"));
            text.push(':');
            text.push_str(value);
        }
        text.push('}');
        text
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(Key(name)) = map.next_key()? {
            members.push((name, map.next_value()?));
        }
        Ok(Members(members))
    }
}

#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::Members;

    #[test]
    fn members_are_set_and_all_others_keep_their_text() {
        let members = Members::read(r#"{"a": 1e400, "b":{"x":"\u00e9"}, "c":null}"#).unwrap();
        assert_eq!(
            members.with(&[("c", "3"), ("d", "0.0000015")]),
            r#"{"a":1e400,"b":{"x":"\u00e9"},"c":3,"d":0.0000015}"#
        );
        assert!(members.get("c").is_none() && members.get("a").is_some());
        assert!(Members::read("[1]").is_none());
    }
}
