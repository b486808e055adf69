//! Which schemas OpenAI takes with `strict: true` ("Structured model outputs",
//! Supported schemas): those whose objects list all their properties as required
//! and allow no others, at every level.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// Keywords it refuses, or whose schemas are not looked into here.
const UNSUPPORTED: [&str; 11] = [
    "allOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "dependentRequired",
    "dependentSchemas",
    "patternProperties",
    "prefixItems",
    "unevaluatedProperties",
];

/// The formats of texts it knows; any other is refused.
const FORMATS: [&str; 9] = [
    "date-time",
    "time",
    "date",
    "duration",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "uuid",
];

/// Whether an answer can be promised to fit this schema.
pub(super) fn allows(schema: &RawValue) -> bool {
    let schema: Option<Value> = serde_json::from_str(schema.get()).ok();
    schema.is_some_and(|schema| schema["type"] == "object" && is_closed(&schema))
}

fn is_closed(schema: &Value) -> bool {
    let Some(members) = schema.as_object() else {
        return false;
    };
    let is_unsupported = UNSUPPORTED.iter().any(|name| members.contains_key(*name));
    !is_unsupported
        && knows_format(members)
        && !has_beside_reference(members)
        && lists_all(members)
        && inner(members).all(is_closed)
}

fn knows_format(schema: &Map<String, Value>) -> bool {
    let format = schema.get("format");
    format.is_none_or(|format| FORMATS.iter().any(|known| format == known))
}

/// It refuses keywords beside a `$ref`, even a description.
fn has_beside_reference(schema: &Map<String, Value>) -> bool {
    schema.contains_key("$ref") && schema.len() > 1
}

/// Whether an object has to have each property, and none besides.
fn lists_all(schema: &Map<String, Value>) -> bool {
    let of = |name: &str| schema.get(name).unwrap_or(&Value::Null);
    let is_object = of("type") == "object"
        || of("type")
            .as_array()
            .is_some_and(|all| all.contains(&"object".into()))
        || of("properties").is_object();
    if !is_object {
        return true;
    }
    let required = of("required").as_array().map_or(&[][..], Vec::as_slice);
    let properties = of("properties").as_object().into_iter().flatten();
    let mut names = properties.map(|(name, _)| name.as_str());
    of("additionalProperties") == &Value::Bool(false)
        && names.all(|name| required.iter().any(|needed| needed == name))
}

fn inner(schema: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    let named = ["properties", "$defs", "definitions"];
    let named = named
        .into_iter()
        .filter_map(|name| schema.get(name)?.as_object());
    let listed = schema.get("anyOf").and_then(Value::as_array);
    named
        .flat_map(Map::values)
        .chain(listed.into_iter().flatten())
        .chain(schema.get("items"))
}
