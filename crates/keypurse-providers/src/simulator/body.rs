//! What a client sent.

use super::InvalidRequest;

/// The body of a call.
#[derive(Clone, Copy, Debug)]
pub enum RequestBody<'a> {
    /// A JSON text.
    Json(&'a [u8]),
    /// The fields of a `multipart/form-data` body, in their order.
    Form(&'a [FormField<'a>]),
}

/// One field of a form, or one file of it.
#[derive(Clone, Copy, Debug)]
pub struct FormField<'a> {
    /// `model`, `file`, `image[]`, …
    pub name: &'a str,
    /// The name of the file, where it is one.
    pub file_name: Option<&'a str>,
    /// What it holds.
    pub bytes: &'a [u8],
}

/// A form, asked for its fields by name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form<'a>(pub(super) &'a [FormField<'a>]);

impl<'a> Form<'a> {
    /// What the field holds, if it is there and not empty.
    pub(super) fn text(self, name: &str) -> Result<Option<&'a str>, InvalidRequest> {
        let Some(field) = self.0.iter().find(|field| field.name == name) else {
            return Ok(None);
        };
        match std::str::from_utf8(field.bytes) {
            Ok("") => Ok(None),
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(InvalidRequest::new(name, "expected UTF-8 text")),
        }
    }

    pub(super) fn one_of(
        self,
        name: &str,
        known: &[&str],
    ) -> Result<Option<&'a str>, InvalidRequest> {
        let given = self.text(name)?;
        match given {
            Some(text) if !known.contains(&text) => Err(InvalidRequest::new(
                name,
                format!("expected one of {}", known.join(", ")),
            )),
            _ => Ok(given),
        }
    }

    pub(super) fn boolean(self, name: &str) -> Result<bool, InvalidRequest> {
        match self.text(name)? {
            None | Some("false" | "False" | "0") => Ok(false),
            Some("true" | "True" | "1") => Ok(true),
            Some(_) => Err(InvalidRequest::new(name, "expected true or false")),
        }
    }

    /// The fields and files called `name`, or `name[]` as lists are.
    pub(super) fn each(self, name: &str) -> impl Iterator<Item = &'a FormField<'a>> {
        self.0
            .iter()
            .filter(move |field| field.name.strip_suffix("[]").unwrap_or(field.name) == name)
    }
}
