//! Forms: bodies that bring files along.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use http::header::CONTENT_TYPE;

use crate::gateway::error::GatewayError;
use crate::http::multipart::{Form, FormError, Limits};

/// More fields, and longer texts, than any of these calls has. How large a
/// file may be the body's own limit says.
const LIMITS: Limits = Limits {
    fields: 64,
    text_bytes: 256 * 1024,
    file_bytes: usize::MAX,
};

/// Reads a form with these fields, and lists of the same names.
pub(super) fn read(
    headers: &HeaderMap,
    body: Bytes,
    known: &[&'static str],
) -> Result<Form, GatewayError> {
    let mut stated = headers.get_all(CONTENT_TYPE).iter();
    let content_type = stated.next().and_then(|value| value.to_str().ok());
    let content_type = content_type.filter(|_| stated.next().is_none());
    let form = Form::read(content_type.unwrap_or_default(), body, LIMITS);
    let form = form.map_err(|error| refused(&error))?;
    for name in form.names() {
        let bare = name.strip_suffix("[]").unwrap_or(name);
        if !known.contains(&bare) {
            let message = format!("the form has a field `{bare}` that is not known here");
            return Err(GatewayError::invalid(None, message));
        }
    }
    Ok(form)
}

pub(super) fn refused(error: &FormError) -> GatewayError {
    GatewayError::invalid(None, error.to_string())
}

/// A field's text that must be there and be of a length.
pub(super) fn required<'a>(
    form: &'a Form,
    name: &'static str,
    longest: usize,
) -> Result<&'a str, GatewayError> {
    let text = text(form, name)?;
    let text = text.filter(|text| !text.is_empty() && text.len() <= longest);
    text.ok_or_else(|| {
        let wrong = format!("`{name}` must be a text of 1 to {longest} bytes");
        GatewayError::invalid(Some(name), wrong)
    })
}

/// A field's text.
pub(super) fn text<'a>(form: &'a Form, name: &str) -> Result<Option<&'a str>, GatewayError> {
    form.text(name).map_err(|error| refused(&error))
}

/// A field that is true or false.
pub(super) fn flag(form: &Form, name: &'static str) -> Result<bool, GatewayError> {
    match text(form, name)? {
        None | Some("false" | "False") => Ok(false),
        Some("true" | "True") => Ok(true),
        Some(_) => {
            let wrong = format!("`{name}` must be true or false");
            Err(GatewayError::invalid(Some(name), wrong))
        }
    }
}

/// A field that is a whole number.
pub(super) fn integer(
    form: &Form,
    name: &'static str,
    most: u64,
) -> Result<Option<u64>, GatewayError> {
    let Some(text) = text(form, name)? else {
        return Ok(None);
    };
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|number| is_plain && *number <= most);
    number.map(Some).ok_or_else(|| {
        let wrong = format!("`{name}` must be a whole number up to {most}");
        GatewayError::invalid(Some(name), wrong)
    })
}

/// What the form's body is, boundary included, as its client states it.
pub(super) fn content_type(headers: &HeaderMap) -> Option<HeaderValue> {
    headers.get(CONTENT_TYPE).cloned()
}
