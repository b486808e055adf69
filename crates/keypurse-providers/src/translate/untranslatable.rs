//! What one dialect says and the other cannot.

use std::borrow::Cow;

use thiserror::Error;

/// A member of a request that the provider's dialect has no words for. Leaving
/// it out would change what the client asked for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("this model's provider cannot be asked for `{param}`: {why}")]
pub struct Untranslatable {
    /// The member's full name, such as `messages[2].content[0].input_audio`;
    /// empty for the whole body.
    pub param: Cow<'static, str>,
    /// Why, and what to do instead.
    pub why: &'static str,
}

impl Untranslatable {
    pub(super) fn new(param: impl Into<Cow<'static, str>>, why: &'static str) -> Self {
        Self {
            param: param.into(),
            why,
        }
    }
}
