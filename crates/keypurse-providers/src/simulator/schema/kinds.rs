//! The types of JSON values, and sets of them.

use serde_json::{Map, Value};

use super::writer::CONSIDERED;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Boolean,
    Integer,
    /// A number that need not be whole.
    Number,
    String,
    Array,
    Object,
}

/// A set of kinds, one bit each. A schema's `number` holds the integers too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kinds(u8);

impl Kinds {
    pub(super) const ALL: Self = Self(0x7f);
    pub(super) const NULL: Self = Self::only(Kind::Null);

    const fn only(kind: Kind) -> Self {
        Self(1 << kind as u8)
    }

    /// What the schema's own `type` allows.
    pub(super) fn of_schema(map: &Map<String, Value>) -> Self {
        match map.get("type") {
            Some(Value::String(name)) => Self::named(name),
            Some(Value::Array(names)) => names
                .iter()
                .take(CONSIDERED)
                .filter_map(Value::as_str)
                .fold(Self(0), |kinds, name| Self(kinds.0 | Self::named(name).0)),
            _ => Self::ALL,
        }
    }

    fn named(name: &str) -> Self {
        match name {
            "null" => Self::NULL,
            "boolean" => Self::only(Kind::Boolean),
            "integer" => Self::only(Kind::Integer),
            "number" => Self(Self::only(Kind::Integer).0 | Self::only(Kind::Number).0),
            "string" => Self::only(Kind::String),
            "array" => Self::only(Kind::Array),
            "object" => Self::only(Kind::Object),
            _ => Self::ALL,
        }
    }

    pub(super) fn of_value(value: &Value) -> Self {
        Self::only(match value {
            Value::Null => Kind::Null,
            Value::Bool(_) => Kind::Boolean,
            Value::Number(number) if number.is_f64() => match number.as_f64() {
                Some(float) if float.fract() == 0.0 => Kind::Integer,
                _ => Kind::Number,
            },
            Value::Number(_) => Kind::Integer,
            Value::String(_) => Kind::String,
            Value::Array(_) => Kind::Array,
            Value::Object(_) => Kind::Object,
        })
    }

    pub(super) fn holds(self, kind: Kind) -> bool {
        self.meets(Self::only(kind))
    }

    pub(super) fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}
