//! Errors ("API errors": code, message and status).

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::openai::text::is_object;

/// What an error says.
#[derive(Debug, Deserialize)]
pub struct ApiError<'a> {
    /// The HTTP status.
    #[serde(default)]
    pub code: Option<u16>,
    /// The sentence.
    #[serde(borrow, default)]
    pub message: Option<Cow<'a, str>>,
    /// `INVALID_ARGUMENT`, `RESOURCE_EXHAUSTED`, …
    #[serde(borrow, default)]
    pub status: Option<Cow<'a, str>>,
    /// What else there is to say of it.
    #[serde(borrow, default)]
    pub details: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    error: &'a RawValue,
}

impl<'a> ApiError<'a> {
    /// Reads an error's body. `None` when it is none.
    pub fn of_body(body: &'a [u8]) -> Option<Self> {
        let is_one = is_object(body);
        let one: Option<Wire<'a>> = is_one.then(|| serde_json::from_slice(body).ok()).flatten();
        // A stream that fails at once answers with a list.
        let listed = || {
            let list: Vec<&'a RawValue> = serde_json::from_slice(body).ok()?;
            let first = list.first().filter(|first| first.get().starts_with('{'))?;
            serde_json::from_str(first.get()).ok()
        };
        Self::read(one.or_else(listed)?.error)
    }

    /// Reads the error object itself.
    pub fn read(error: &'a RawValue) -> Option<Self> {
        let is_object = error.get().starts_with('{');
        is_object.then(|| serde_json::from_str(error.get()).ok())?
    }
}
