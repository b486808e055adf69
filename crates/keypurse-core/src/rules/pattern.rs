//! Patterns of models.

use thiserror::Error;

/// The longest pattern.
pub const MAX_PATTERN_CHARS: usize = 200;

/// A pattern such as `openai/*` or `*/gpt-5*`: `*` stands for any characters,
/// slashes and none included; all else for itself, in upper or lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelPattern {
    text: String,
    /// In lower case, as it is compared.
    folded: String,
}

/// Why a text is no pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ModelPatternError {
    /// There is nothing in it.
    #[error("a pattern may not be blank")]
    Blank,
    /// It is longer than a pattern may be.
    #[error("a pattern has at most {MAX_PATTERN_CHARS} characters")]
    TooLong,
    /// A space or something outside ASCII, which no name of a model has.
    #[error("a pattern has visible ASCII characters only")]
    Character,
    /// Without a provider before its slash it would never match.
    #[error("a pattern has the form `provider/model`")]
    NoProvider,
}

impl ModelPattern {
    /// Checks a pattern.
    pub fn parse(text: &str) -> Result<Self, ModelPatternError> {
        if text.is_empty() {
            return Err(ModelPatternError::Blank);
        }
        if text.chars().count() > MAX_PATTERN_CHARS {
            return Err(ModelPatternError::TooLong);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ModelPatternError::Character);
        }
        let inside = text.get(1..text.len() - 1).unwrap_or_default();
        if !text.starts_with('*') && !inside.contains('/') {
            return Err(ModelPatternError::NoProvider);
        }
        Ok(Self {
            text: text.to_owned(),
            folded: text.to_ascii_lowercase(),
        })
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a name, `provider/model`, fits. Takes time in proportion to the
    /// lengths of both, whatever they are.
    pub fn matches(&self, name: &str) -> bool {
        self.fits(&name.to_ascii_lowercase())
    }

    /// The same for a name in lower case.
    pub(super) fn fits(&self, name: &str) -> bool {
        let mut literals = self.folded.split('*');
        let first = literals.next().unwrap_or_default();
        let Some(mut rest) = name.strip_prefix(first) else {
            return false;
        };
        let Some(last) = literals.next_back() else {
            return rest.is_empty();
        };
        for literal in literals {
            // The earliest place leaves the most for what follows.
            let Some(at) = rest.find(literal) else {
                return false;
            };
            rest = &rest[at + literal.len()..];
        }
        rest.ends_with(last)
    }
}
