//! What a receiver recognises us by.

use std::fmt;

use thiserror::Error;
use zeroize::Zeroizing;

/// The shortest secret, in characters.
pub const MIN_SECRET_CHARS: usize = 16;
/// The longest secret, in characters.
pub const MAX_SECRET_CHARS: usize = 200;

/// A secret that events are signed with. Never printed, wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret {
    text: Zeroizing<String>,
}

/// Why a text is no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SecretFault {
    /// Too short to be one, or too long.
    #[error("use {MIN_SECRET_CHARS} to {MAX_SECRET_CHARS} characters")]
    Length,
    /// Something that is lost on its way from page to page.
    #[error("use visible ASCII characters")]
    Character,
}

impl WebhookSecret {
    /// Takes over a secret.
    pub fn parse(text: &str) -> Result<Self, SecretFault> {
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(SecretFault::Character);
        }
        if !(MIN_SECRET_CHARS..=MAX_SECRET_CHARS).contains(&text.len()) {
            return Err(SecretFault::Length);
        }
        Ok(Self {
            text: Zeroizing::new(text.to_owned()),
        })
    }

    pub(super) fn expose(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(hidden)")
    }
}
