//! Reading one field of a JSON object, with OpenAI's kind of complaint.
//!
//! A field that is null counts as absent, as it does at OpenAI.

use serde_json_borrow::Value;

use super::failure::InvalidRequest;

/// A value of a request. Its texts stay where they are in the body.
pub(super) type Json<'a> = &'a Value<'a>;

pub(super) const NULL: Json<'static> = &Value::Null;

/// A field, null or not. `None` also when it is no object.
pub(super) fn get<'a>(object: Json<'a>, field: &str) -> Option<Json<'a>> {
    object.as_object()?.get(field)
}

/// A field that is not null.
pub(super) fn present<'a>(object: Json<'a>, field: &str) -> Option<Json<'a>> {
    get(object, field).filter(|value| !value.is_null())
}

/// A whole number within `range`.
pub(super) fn whole(
    object: Json<'_>,
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

pub(super) fn boolean(object: Json<'_>, field: &str) -> Result<bool, InvalidRequest> {
    match present(object, field) {
        None => Ok(false),
        Some(Value::Bool(set)) => Ok(*set),
        Some(_) => Err(InvalidRequest::new(field, "expected true or false")),
    }
}

/// A string that must be there; `path` is what the complaint calls it.
pub(super) fn string<'a>(
    object: Json<'a>,
    field: &str,
    path: impl FnOnce() -> String,
) -> Result<&'a str, InvalidRequest> {
    match get(object, field) {
        Some(Value::Str(text)) => Ok(text),
        Some(_) => Err(InvalidRequest::new(path(), "expected a string")),
        None => Err(InvalidRequest::new(path(), "this string is required")),
    }
}

/// An array with at least one and at most `most` elements, if the field is there.
pub(super) fn array<'a>(
    object: Json<'a>,
    field: &str,
    most: usize,
) -> Result<Option<&'a [Value<'a>]>, InvalidRequest> {
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
    body: Json<'_>,
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
pub(super) fn text<'a>(object: Json<'a>, field: &str) -> Result<Option<&'a str>, InvalidRequest> {
    match present(object, field) {
        None => Ok(None),
        Some(Value::Str(text)) => Ok(Some(text)),
        Some(_) => Err(InvalidRequest::new(field, "expected a string")),
    }
}

/// The tier of service an answer says it had: the one its request names, as a
/// provider with room for all of them would.
pub(super) fn service_tier(body: Json<'_>) -> Option<&'static str> {
    match present(body, "service_tier")?.as_str()? {
        "priority" => Some("priority"),
        "fast" => Some("fast"),
        "flex" => Some("flex"),
        _ => Some("default"),
    }
}

/// One of `names`, if the field is there.
pub(super) fn one_of<'a>(
    object: Json<'a>,
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

pub(super) fn yes_unless_false(object: Json<'_>, field: &str) -> Result<bool, InvalidRequest> {
    match present(object, field) {
        None => Ok(true),
        Some(_) => boolean(object, field),
    }
}
