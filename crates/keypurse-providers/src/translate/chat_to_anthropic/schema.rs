//! Which schemas Anthropic promises to fit ("Structured outputs", JSON Schema
//! limitations): objects are closed, and numbers, texts and lists have no
//! bounds. OpenAI takes bounds, so its clients send them. What cannot be
//! promised is told to the model in the description, as Anthropic's SDKs do it.

use std::borrow::Cow;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// Keywords that are refused.
const BOUNDS: [&str; 11] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
];

/// The formats of texts it knows.
const FORMATS: [&str; 10] = [
    "date-time",
    "time",
    "date",
    "duration",
    "email",
    "hostname",
    "uri",
    "ipv4",
    "ipv6",
    "uuid",
];

/// The schema as Anthropic takes it; as it is written, if it does.
pub(super) fn promised(schema: &RawValue) -> Cow<'_, RawValue> {
    let Ok(mut value) = serde_json::from_str::<Value>(schema.get()) else {
        return Cow::Borrowed(schema);
    };
    if !loosen(&mut value) {
        return Cow::Borrowed(schema);
    }
    serde_json::value::to_raw_value(&value).map_or(Cow::Borrowed(schema), Cow::Owned)
}

/// Returns whether anything was changed.
fn loosen(schema: &mut Value) -> bool {
    let Some(members) = schema.as_object_mut() else {
        return false;
    };
    let is_changed = close(members) | name_choice(members) | tell_bounds(members);
    inner(members).fold(is_changed, |is_changed, inner| loosen(inner) | is_changed)
}

/// An object has the properties it names and no others. One that is a map of
/// whatever names is left as it is: the provider says that it cannot.
fn close(schema: &mut Map<String, Value>) -> bool {
    let kind = &schema.get("type");
    let is_object = match kind {
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "object"),
        Some(kind) => *kind == "object",
        None => schema.contains_key("properties"),
    };
    let is_open = matches!(
        schema.get("additionalProperties"),
        None | Some(Value::Bool(true))
    );
    if is_object && is_open {
        schema.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
    is_object && is_open
}

/// There is no `oneOf`; `anyOf` says the same to a model.
fn name_choice(schema: &mut Map<String, Value>) -> bool {
    if schema.contains_key("anyOf") {
        return false;
    }
    let Some(choice) = schema.shift_remove("oneOf") else {
        return false;
    };
    schema.insert("anyOf".to_owned(), choice);
    true
}

fn tell_bounds(schema: &mut Map<String, Value>) -> bool {
    let is_bound = |name: &str, value: &Value| match name {
        "minItems" => value.as_u64().is_none_or(|least| least > 1),
        "format" => FORMATS.iter().all(|known| value != known),
        _ => BOUNDS.contains(&name) && !value.is_object(),
    };
    let told = schema
        .iter()
        .filter(|(name, value)| is_bound(name, value))
        .map(|(name, value)| (name.clone(), format!("{name}: {value}")));
    let (names, told): (Vec<String>, Vec<String>) = told.unzip();
    if names.is_empty() {
        return false;
    }
    for name in names {
        schema.shift_remove(&name);
    }
    let said = schema.get("description").and_then(Value::as_str);
    let said = said.map_or_else(String::new, |said| format!("{said} "));
    let description = format!("{said}({})", told.join(", "));
    schema.insert("description".to_owned(), description.into());
    true
}

/// Schemas in a schema. Under `properties` and such, names are the client's.
fn inner(schema: &mut Map<String, Value>) -> impl Iterator<Item = &mut Value> {
    schema.iter_mut().flat_map(|(name, value)| {
        let inner: Vec<&mut Value> = match (name.as_str(), value) {
            ("properties" | "$defs" | "definitions", Value::Object(named)) => {
                named.values_mut().collect()
            }
            ("anyOf" | "allOf", Value::Array(listed)) => listed.iter_mut().collect(),
            ("items", schema) => vec![schema],
            _ => Vec::new(),
        };
        inner
    })
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::promised;

    #[track_caller]
    fn check(schema: &str, expected: &str) {
        let schema = RawValue::from_string(schema.to_owned()).unwrap();
        assert_eq!(promised(&schema).get(), expected);
    }

    #[test]
    fn what_can_be_promised_keeps_its_text() {
        for schema in [
            r#"{"type": "object","properties":{"b":{"type":"string","format":"uuid"},"a":{"type":"array","minItems":1,"items":{"type":"number","enum":[1.50]}}},"required":["b","a"],"additionalProperties":false}"#,
            r##"{"$ref":"#/$defs/a"}"##,
            r#"{"type":"object","properties":{},"additionalProperties":{"type":"integer"}}"#,
            "true",
            r#"{"maximum": 1e999}"#,
        ] {
            check(schema, schema);
        }
    }

    #[test]
    fn bounds_are_told_and_objects_closed_at_every_level() {
        check(
            r#"{"type":"object","properties":{"minimum":{"type":"integer","description":"Age","minimum":0,"maximum":120},"list":{"type":"array","maxItems":3,"items":{"oneOf":[{"type":"string","minLength":1},{"properties":{}}]}}},"required":["minimum"]}"#,
            r#"{"type":"object","properties":{"minimum":{"type":"integer","description":"Age (minimum: 0, maximum: 120)"},"list":{"type":"array","items":{"anyOf":[{"type":"string","description":"(minLength: 1)"},{"properties":{},"additionalProperties":false}]},"description":"(maxItems: 3)"}},"required":["minimum"],"additionalProperties":false}"#,
        );
        check(
            r#"{"$defs":{"a":{"type":["object","null"],"additionalProperties":true}},"type":"string","format":"color","minItems":2}"#,
            r#"{"$defs":{"a":{"type":["object","null"],"additionalProperties":false}},"type":"string","description":"(format: \"color\", minItems: 2)"}"#,
        );
    }
}
