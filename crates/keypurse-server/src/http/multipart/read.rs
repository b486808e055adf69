//! A form as the fields it consists of, and where they stand in its body.

use std::ops::Range;

use bytes::Bytes;
use memchr::memmem;
use thiserror::Error;

use super::{boundary, head};

/// Longer than what any client writes before a content.
const MAX_HEAD_BYTES: usize = 2048;

/// How large a form may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many fields it may have.
    pub fields: usize,
    /// How many bytes a field may have that is no file.
    pub text_bytes: usize,
    /// How many bytes a file may have.
    pub file_bytes: usize,
}

/// Why a body is no acceptable form.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FormError {
    /// Not stated to be a form.
    #[error(
        "the body must be a form: send Content-Type: multipart/form-data with one boundary of \
         letters and digits"
    )]
    NotAForm,
    /// Its parts are not separated, or not described, as in RFC 7578.
    #[error("the form cannot be read: {0}")]
    Malformed(&'static str),
    /// Two fields of one name.
    #[error("the form has the field `{0}` twice")]
    Repeated(String),
    /// More of something than is allowed.
    #[error("the form has more than {most} {what}")]
    TooMuch {
        /// What there is too much of.
        what: &'static str,
        /// How much is allowed.
        most: usize,
    },
    /// A field that is a file and must be none, or the other way round.
    #[error("the field `{0}` must be {1}")]
    Kind(String, &'static str),
}

/// One field.
#[derive(Clone, Debug)]
struct Field {
    name: String,
    is_file: bool,
    content: Range<usize>,
    /// Its lines, its content and the boundary that ends it: without these
    /// bytes the rest is a form.
    part: Range<usize>,
}

/// A form, and the body it was read from.
#[derive(Clone, Debug)]
pub struct Form {
    body: Bytes,
    fields: Vec<Field>,
}

impl Form {
    /// Reads a body that is whole.
    ///
    /// Nothing before the first boundary, nothing after the last; every line
    /// ended by CR LF; every field described and named exactly. A field comes
    /// once, but for lists, whose names end in `[]`.
    pub fn read(content_type: &str, body: Bytes, limits: Limits) -> Result<Self, FormError> {
        let boundary = boundary::of(content_type).ok_or(FormError::NotAForm)?;
        let fields = fields(boundary, &body, limits)?;
        for (at, field) in fields.iter().enumerate() {
            let is_list = field.name.ends_with("[]");
            if !is_list && fields[..at].iter().any(|other| other.name == field.name) {
                return Err(FormError::Repeated(field.name.clone()));
            }
        }
        Ok(Self { body, fields })
    }

    /// The body it was read from.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Names of its fields, in the order they came.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|field| field.name.as_str())
    }

    /// Its fields in the order they came: a name, whether it is a file, and
    /// what it holds.
    pub fn fields(&self) -> impl Iterator<Item = (&str, bool, &[u8])> {
        let fields = self.fields.iter();
        fields.map(|field| {
            let content = &self.body[field.content.clone()];
            (field.name.as_str(), field.is_file, content)
        })
    }

    /// The text of a field that is no file.
    pub fn text(&self, name: &str) -> Result<Option<&str>, FormError> {
        let Some(field) = self.fields.iter().find(|field| field.name == name) else {
            return Ok(None);
        };
        let text = std::str::from_utf8(&self.body[field.content.clone()]).ok();
        let text = text.filter(|_| !field.is_file);
        text.ok_or_else(|| FormError::Kind(name.to_owned(), "a text"))
            .map(Some)
    }

    /// The contents of all files of this name.
    pub fn files(&self, name: &str) -> Result<Vec<Bytes>, FormError> {
        let named = self.fields.iter().filter(|field| field.name == name);
        named
            .map(|field| {
                let content = || self.body.slice(field.content.clone());
                let wrong = || FormError::Kind(name.to_owned(), "a file");
                field.is_file.then(content).ok_or_else(wrong)
            })
            .collect()
    }

    /// Bytes of the contents of all fields that are no files.
    pub fn text_bytes(&self) -> usize {
        let texts = self.fields.iter().filter(|field| !field.is_file);
        texts.map(|field| field.content.len()).sum()
    }

    /// The body without some fields; every other byte as it came.
    pub fn without(&self, is_left_out: impl Fn(&str) -> bool) -> Bytes {
        let mut left = Vec::with_capacity(self.body.len());
        let mut copied = 0;
        for field in self.fields.iter().filter(|field| is_left_out(&field.name)) {
            left.extend_from_slice(&self.body[copied..field.part.start]);
            copied = field.part.end;
        }
        left.extend_from_slice(&self.body[copied..]);
        left.into()
    }

    /// Where a field's content stands in the body, to put another there: every
    /// other byte passes as it came.
    pub fn place(&self, name: &str) -> Option<Range<usize>> {
        let field = self.fields.iter().find(|field| field.name == name)?;
        Some(field.content.clone())
    }
}

/// A form's body with its boundary left out, whatever else it is: two that
/// differ in the boundary alone become the same.
pub fn without_boundary(content_type: &str, body: &Bytes) -> Bytes {
    let Some(boundary) = boundary::of(content_type) else {
        return body.clone();
    };
    let delimiter = format!("--{boundary}");
    let mut rest = Vec::with_capacity(body.len());
    let mut copied = 0;
    for at in memmem::find_iter(body, &delimiter) {
        rest.extend_from_slice(&body[copied..at + 2]);
        copied = at + delimiter.len();
    }
    rest.extend_from_slice(&body[copied..]);
    rest.into()
}

fn fields(boundary: &str, body: &[u8], limits: Limits) -> Result<Vec<Field>, FormError> {
    use FormError::Malformed;
    let delimiter = format!("\r\n--{boundary}");
    let finder = memmem::Finder::new(&delimiter);
    let first = &delimiter.as_bytes()[2..];
    let mut at = if body.starts_with(first) {
        first.len()
    } else {
        return Err(Malformed("it does not begin with its boundary"));
    };
    let mut fields = Vec::new();
    loop {
        match &body[at..] {
            b"--" | b"--\r\n" => return Ok(fields),
            rest if rest.starts_with(b"\r\n") => at += 2,
            _ => return Err(Malformed("a boundary is not followed by CR LF or `--`")),
        }
        if fields.len() == limits.fields {
            let (what, most) = ("fields", limits.fields);
            return Err(FormError::TooMuch { what, most });
        }
        let (field, end) = field(body, at, &finder)?;
        check_size(&field, limits)?;
        fields.push(field);
        at = end;
    }
}

/// The field whose description begins here, and where the boundary after it
/// ends.
fn field(
    body: &[u8],
    at: usize,
    delimiter: &memmem::Finder<'_>,
) -> Result<(Field, usize), FormError> {
    use FormError::Malformed;
    let window = &body[at..body.len().min(at + MAX_HEAD_BYTES)];
    let length = memmem::find(window, b"\r\n\r\n");
    let length = length.ok_or(Malformed("a field is not described"))?;
    let head = head::read(&window[..length]);
    let head = head.ok_or(Malformed("a field is not described as RFC 7578 says"))?;
    let start = at + length + 4;
    let size = delimiter.find(&body[start..]);
    let size = size.ok_or(Malformed("its last boundary is missing"))?;
    let end = start + size + delimiter.needle().len();
    let field = Field {
        name: head.name.to_owned(),
        is_file: head.is_file,
        content: start..start + size,
        // From the CR LF after the boundary before it.
        part: at - 2..end,
    };
    Ok((field, end))
}

fn check_size(field: &Field, limits: Limits) -> Result<(), FormError> {
    let (what, most) = if field.is_file {
        ("bytes in a file", limits.file_bytes)
    } else {
        ("bytes in a text", limits.text_bytes)
    };
    if field.content.len() > most {
        return Err(FormError::TooMuch { what, most });
    }
    Ok(())
}
