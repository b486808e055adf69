//! Forms: bodies that bring files along.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};

use crate::gateway::endpoint::unpriced;
use crate::gateway::error::GatewayError;
use crate::gateway::routing::wish::{self, Wishes};
use crate::http::multipart::{self, Form, FormError, Limits};

/// More fields, and longer texts, than any of these calls has. How large a
/// file may be the body's own limit says.
const LIMITS: Limits = Limits {
    fields: 64,
    text_bytes: 256 * 1024,
    file_bytes: usize::MAX,
};

/// Fields that are lists or objects, as `name[]` and `name[member]`.
const NESTED: [&str; 6] = [
    "image",
    "include",
    "timestamp_granularities",
    "chunking_strategy",
    "known_speaker_names",
    "known_speaker_references",
];

/// Reads a form of which these fields are read, and what it says about routing,
/// which is taken out of it. Others pass, unless they look like one of them or
/// change what the call costs.
pub(super) fn read(
    headers: &HeaderMap,
    body: Bytes,
    read: &[&'static str],
) -> Result<(Form, Option<Wishes>), GatewayError> {
    let content_type = stated_type(headers).unwrap_or_default();
    let read_form = |body| Form::read(content_type, body, LIMITS).map_err(|error| refused(&error));
    let mut form = read_form(body)?;
    let wishes = wishes_of(&form)?;
    if wishes.is_some() {
        form = read_form(form.without(|name| wish::is_wish(base(name))))?;
    }
    refuse_fields(&form, read)?;
    Ok((form, wishes))
}

fn wishes_of(form: &Form) -> Result<Option<Wishes>, GatewayError> {
    let named = form.fields().filter(|(name, ..)| wish::is_wish(base(name)));
    let texts = named.map(|(name, is_file, content)| {
        let text = std::str::from_utf8(content).ok().filter(|_| !is_file);
        let wrong = || refused(&FormError::Kind(name.to_owned(), "a text"));
        Ok((name, text.ok_or_else(wrong)?))
    });
    wish::of_fields(&texts.collect::<Result<Vec<_>, GatewayError>>()?)
}

fn refuse_fields(form: &Form, read: &[&'static str]) -> Result<(), GatewayError> {
    for name in form.names() {
        let base = base(name);
        let is_plain = name == base || NESTED.contains(&base);
        let looks_like = |known: &&&str| base.eq_ignore_ascii_case(known);
        if let Some(known) = read.iter().find(looks_like)
            && (base != *known || !is_plain)
        {
            let message = format!("write `{known}` exactly so, not `{name}`");
            return Err(GatewayError::invalid(Some(*known), message));
        }
        unpriced::refuse_field(base)?;
    }
    Ok(())
}

/// Reads a form once more, with all its fields.
pub(in crate::gateway) fn again(
    content_type: &HeaderValue,
    body: Bytes,
) -> Result<Form, GatewayError> {
    let content_type = content_type.to_str().unwrap_or_default();
    Form::read(content_type, body, LIMITS).map_err(|error| refused(&error))
}

/// A field's name without what stands in brackets.
pub(super) fn base(name: &str) -> &str {
    name.split('[').next().unwrap_or(name)
}

fn stated_type(headers: &HeaderMap) -> Option<&str> {
    let mut stated = headers.get_all(CONTENT_TYPE).iter();
    let content_type = stated.next().and_then(|value| value.to_str().ok());
    content_type.filter(|_| stated.next().is_none())
}

/// A body without its boundary, to be compared with one that has another.
pub(in crate::gateway) fn without_boundary(headers: &HeaderMap, body: &Bytes) -> Bytes {
    let content_type = stated_type(headers).unwrap_or_default();
    multipart::without_boundary(content_type, body)
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
    let number = text
        .parse()
        .ok()
        .filter(|number| is_plain && *number <= most);
    number.map(Some).ok_or_else(|| {
        let wrong = format!("`{name}` must be a whole number up to {most}");
        GatewayError::invalid(Some(name), wrong)
    })
}

/// What the form's body is, boundary included, as its client states it.
pub(super) fn content_type(headers: &HeaderMap) -> Option<HeaderValue> {
    headers.get(CONTENT_TYPE).cloned()
}
