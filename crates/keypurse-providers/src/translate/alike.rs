//! Whether every parser reads a JSON text alike.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

/// With what stands around it no deeper than the gateway reads.
const DEEPEST: usize = 56;

/// Whether a text that becomes part of a request means one thing: no member
/// stands in it twice, no number is beyond all doubles, and it is not too deep.
pub(super) fn is_read_alike(json: &str) -> bool {
    let mut reader = serde_json::Deserializer::from_str(json);
    let read = Alike { depth: 0 }.deserialize(&mut reader);
    read.and_then(|()| reader.end()).is_ok()
}

#[derive(Clone, Copy)]
struct Alike {
    depth: usize,
}

impl Alike {
    fn inner<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == DEEPEST {
            return Err(E::custom("it is too deep"));
        }
        let depth = self.depth + 1;
        Ok(Self { depth })
    }
}

impl<'de> DeserializeSeed<'de> for Alike {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Alike {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let inner = self.inner()?;
        while items.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let inner = self.inner()?;
        let mut names: HashSet<String> = HashSet::new();
        while let Some(name) = members.next_key()? {
            if !names.insert(name) {
                return Err(A::Error::custom("a member stands there twice"));
            }
            members.next_value_seed(inner)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::is_read_alike;

    #[test]
    fn what_parsers_read_differently_is_told() {
        let deep = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        for (json, is_alike) in [
            (
                r#"{"a":{"b":[1,-2.5e3,"x",null,true]},"b":{"b":1}}"#.to_owned(),
                true,
            ),
            (r#"{"a":1,"a":2}"#.to_owned(), false),
            (r#"{"a":[{"b":1,"\u0062":2}]}"#.to_owned(), false),
            (r#"{"a":1e400}"#.to_owned(), false),
            (r#"{"a":1} x"#.to_owned(), false),
            (deep(56), true),
            (deep(57), false),
        ] {
            assert_eq!(is_read_alike(&json), is_alike, "{json}");
        }
    }
}
