//! Through the document.

use serde_json::Value;

use super::html::text_of;

pub(super) fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let paths = members(&document["paths"]);
    paths.flat_map(|(path, item)| {
        let methods = members(item).filter(|(name, _)| *name != "parameters");
        methods.map(move |(method, operation)| (path, method, operation))
    })
}

pub(super) fn tags(operation: &Value) -> impl Iterator<Item = &str> {
    items(&operation["tags"]).map(text_of)
}

pub(super) fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

pub(super) fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let members = value.as_object().into_iter().flatten();
    members.map(|(name, value)| (name.as_str(), value))
}

/// What a reference leads to, or the thing itself.
pub(super) fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let reference = value.get("$ref").and_then(Value::as_str);
    let target = reference.and_then(|path| document.pointer(path.trim_start_matches('#')));
    target.unwrap_or(value)
}
