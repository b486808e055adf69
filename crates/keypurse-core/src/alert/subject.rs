//! Whom an alert watches, and how alerts are named.

use std::fmt;

use thiserror::Error;

use crate::id::TokenId;
use crate::token::TokenName;

/// An alert rule. Random, so that it is known before it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlertId(i64);

/// A text that names no alert rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not the id of an alert")]
pub struct AlertIdError;

impl AlertId {
    const PREFIX: &'static str = "alr_";

    /// An id of random bytes.
    pub fn from_random(bytes: [u8; 8]) -> Self {
        Self(i64::from_le_bytes(bytes) & i64::MAX)
    }

    /// An id as stored.
    pub const fn from_raw(raw: i64) -> Self {
        Self(raw)
    }

    /// As it is stored: never negative.
    pub const fn raw(self) -> i64 {
        self.0
    }

    /// Reads `alr_` and 16 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, AlertIdError> {
        let digits = text.strip_prefix(Self::PREFIX).ok_or(AlertIdError)?;
        let id = i64::from_str_radix(digits, 16).map(Self).ok();
        id.filter(|id| id.to_string() == text).ok_or(AlertIdError)
    }
}

impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:016x}", Self::PREFIX, self.0)
    }
}

/// One firing of a rule. The same one on every try to deliver it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlertEventId {
    /// Ascends.
    pub ordered: i64,
    /// Unguessable, and other than after a restore from a backup.
    pub random: i64,
}

impl fmt::Display for AlertEventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "evt_{:016x}{:016x}", self.ordered, self.random)
    }
}

/// Whom a rule watches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlertScope {
    /// The account itself: its credits, all its calls, its providers.
    Account,
    /// Each of its tokens.
    EveryToken,
    /// Whichever token has this name: a token that replaces another one under
    /// its name is watched as that was.
    Token(TokenName),
}

/// Whom a rule fires for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlertSubject {
    /// The account.
    Account,
    /// One token.
    Token(TokenId),
    /// One provider.
    Provider(String),
}

#[cfg(test)]
mod tests {
    use super::{AlertEventId, AlertId, AlertIdError};

    #[test]
    fn an_alert_is_named_in_exactly_one_way() {
        let id = AlertId::from_random([0xff; 8]);
        assert_eq!(id.to_string(), "alr_7fffffffffffffff");
        assert_eq!(AlertId::parse("alr_7fffffffffffffff"), Ok(id));
        for other in [
            "",
            "alr_",
            "alr_7",
            "7fffffffffffffff",
            "alr_7FFFFFFFFFFFFFFF",
            "alr_ffffffffffffffff",
            "alr_-000000000000001",
            "alr_+000000000000001",
        ] {
            assert_eq!(AlertId::parse(other), Err(AlertIdError), "{other}");
        }
        let event = AlertEventId {
            ordered: 1,
            random: -1,
        };
        assert_eq!(event.to_string(), "evt_0000000000000001ffffffffffffffff");
    }
}
