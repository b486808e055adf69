//! Tags.

use thiserror::Error;

/// The longest tag, in code points.
pub const MAX_TAG_CHARS: usize = 100;

/// A word or two that an operator finds a token by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag(String);

/// Why a text is no tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TagError {
    /// Nothing is left after trimming.
    #[error("a tag may not be blank")]
    Blank,
    /// It is longer than a tag may be.
    #[error("a tag has at most {MAX_TAG_CHARS} characters")]
    TooLong,
    /// A control character would break logs and terminals.
    #[error("control characters are not allowed")]
    ControlCharacter,
}

impl Tag {
    /// Trims and checks a tag.
    pub fn parse(text: &str) -> Result<Self, TagError> {
        let tag = text.trim();
        if tag.is_empty() {
            return Err(TagError::Blank);
        }
        if tag.chars().count() > MAX_TAG_CHARS {
            return Err(TagError::TooLong);
        }
        if tag.chars().any(char::is_control) {
            return Err(TagError::ControlCharacter);
        }
        Ok(Self(tag.to_owned()))
    }

    /// The tag as stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
