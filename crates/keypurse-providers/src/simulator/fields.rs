//! Reading one field of a JSON object, with OpenAI's kind of complaint.
//!
//! A field that is null counts as absent, as it does at OpenAI.

use serde_json::Value;

use super::failure::InvalidRequest;

pub(super) fn present<'a>(object: &'a Value, field: &str) -> Option<&'a Value> {
    object.get(field).filter(|value| !value.is_null())
}

/// A whole number within `range`.
pub(super) fn whole(
    object: &Value,
    field: &str,
    range: std::ops::RangeInclusive<u64>,
) -> Result<Option<u64>, InvalidRequest> {
    let Some(value) = present(object, field) else {
        return Ok(None);
    };
    match value.as_u64() {
        Some(number) if range.contains(&number) => Ok(Some(number)),
        _ if *range.end() == u64::MAX => Err(InvalidRequest::new(
            field,
            format!("expected a whole number from {}", range.start()),
        )),
        _ => Err(InvalidRequest::new(
            field,
            format!(
                "expected a whole number from {} to {}",
                range.start(),
                range.end()
            ),
        )),
    }
}

pub(super) fn boolean(object: &Value, field: &str) -> Result<bool, InvalidRequest> {
    match present(object, field) {
        None => Ok(false),
        Some(Value::Bool(set)) => Ok(*set),
        Some(_) => Err(InvalidRequest::new(field, "expected true or false")),
    }
}

/// A string that must be there; `path` is what the complaint calls it.
pub(super) fn string<'a>(
    object: &'a Value,
    field: &str,
    path: impl FnOnce() -> String,
) -> Result<&'a str, InvalidRequest> {
    match object.get(field) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(InvalidRequest::new(path(), "expected a string")),
        None => Err(InvalidRequest::new(path(), "this string is required")),
    }
}

/// An array with at least one and at most `most` elements, if the field is there.
pub(super) fn array<'a>(
    object: &'a Value,
    field: &str,
    most: usize,
) -> Result<Option<&'a [Value]>, InvalidRequest> {
    match present(object, field) {
        None => Ok(None),
        Some(Value::Array(elements)) if elements.is_empty() => Err(InvalidRequest::new(
            field,
            "the array is empty; leave the field out instead",
        )),
        Some(Value::Array(elements)) if elements.len() > most => Err(InvalidRequest::new(
            field,
            format!("at most {most} elements are accepted"),
        )),
        Some(Value::Array(elements)) => Ok(Some(elements)),
        Some(_) => Err(InvalidRequest::new(field, "expected an array")),
    }
}

pub(super) fn check_number(
    body: &Value,
    field: &str,
    range: std::ops::RangeInclusive<f64>,
) -> Result<(), InvalidRequest> {
    let Some(value) = present(body, field) else {
        return Ok(());
    };
    match value.as_f64() {
        Some(number) if range.contains(&number) => Ok(()),
        _ => Err(InvalidRequest::new(
            field,
            format!(
                "expected a number from {} to {}",
                range.start(),
                range.end()
            ),
        )),
    }
}

/// A string that may be absent.
pub(super) fn text<'a>(object: &'a Value, field: &str) -> Result<Option<&'a str>, InvalidRequest> {
    match present(object, field) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(InvalidRequest::new(field, "expected a string")),
    }
}

/// One of `names`, if the field is there.
pub(super) fn one_of<'a>(
    object: &'a Value,
    field: &str,
    names: &[&str],
) -> Result<Option<&'a str>, InvalidRequest> {
    let given = text(object, field)?;
    match given {
        Some(name) if !names.contains(&name) => Err(InvalidRequest::new(
            field,
            format!("expected one of {}", names.join(", ")),
        )),
        _ => Ok(given),
    }
}

pub(super) fn yes_unless_false(object: &Value, field: &str) -> Result<bool, InvalidRequest> {
    match present(object, field) {
        None => Ok(true),
        Some(_) => boolean(object, field),
    }
}
