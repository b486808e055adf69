//! Changes of tokens and accounts, and the conditions a client can set: that
//! a change is made once however often it is asked for, and only to what the
//! client has seen.

use std::fmt;

use keypurse_core::id::{AccountId, CallId};
use keypurse_core::ledger::{TopUp, TopUpError};
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;
use keypurse_core::token::{SettingsError, TokenName};
use thiserror::Error;

use crate::error::StoreError;
use crate::tokens::{NewToken, Rotation, Token, TokenUpdate};

/// How long an operation is remembered by its client's key, in seconds.
pub const REMEMBERED_SECONDS: i64 = 24 * 60 * 60;

/// The end of a token.
#[derive(Clone, Debug)]
pub struct Deletion {
    /// Whose.
    pub account: AccountId,
    /// Which.
    pub name: TokenName,
    /// When.
    pub now: Timestamp,
}

/// Money for a token.
#[derive(Clone, Debug)]
pub struct TokenTopUp {
    /// Whose.
    pub account: AccountId,
    /// Which.
    pub name: TokenName,
    /// How much and why.
    pub top_up: TopUp,
}

/// Money for an account.
#[derive(Clone, Debug)]
pub struct AccountTopUp {
    /// Which.
    pub account: AccountId,
    /// How much and why.
    pub top_up: TopUp,
}

/// One change of one token.
#[derive(Clone, Debug)]
pub enum TokenChange {
    /// A new one.
    Create(NewToken),
    /// Other settings, another balance.
    Update(TokenUpdate),
    /// A new secret.
    Rotate(Rotation),
    /// More money.
    TopUp(TokenTopUp),
    /// Its end.
    Delete(Deletion),
}

/// An operation as its client names it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// Digest of the client's key and of whose it is.
    pub key: [u8; 32],
    /// Digest of all that was asked for.
    pub fingerprint: [u8; 32],
}

/// Nothing of it helps a reader of a log.
impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Claim")
    }
}

/// Makes the answer that is kept, from what was changed. Invariant: the answer
/// holds no secret.
pub type Render<T> = Box<dyn FnOnce(&T) -> Vec<u8> + Send>;

/// Asks that a change be made once. The answer is kept in the transaction of
/// the change: neither exists without the other.
pub struct Once<T> {
    /// How the client names the operation.
    pub claim: Claim,
    /// Makes the answer that a repetition gets.
    pub render: Render<T>,
}

impl<T> fmt::Debug for Once<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Once")
    }
}

/// Decides, in the transaction of the change, whether a token is still as the
/// client has seen it.
pub type Condition = Box<dyn FnOnce(&Token) -> bool + Send>;

/// What a client asks for besides a change of a token.
#[derive(Default)]
pub struct Guard {
    /// That it is made once.
    pub once: Option<Once<Token>>,
    /// That it is made to what the client has seen. A new token has no before.
    pub condition: Option<Condition>,
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("once", &self.once)
            .field("condition", &self.condition.is_some())
            .finish()
    }
}

/// A change that has been made.
#[derive(Debug)]
pub enum Made<T> {
    /// By this request: how things stand now.
    Now(T),
    /// By an earlier one: the answer that was kept.
    Before(Vec<u8>),
}

impl<T> Made<T> {
    /// How things stand after a change nobody asked to be made once.
    pub(crate) fn now(self) -> T {
        match self {
            Self::Now(state) => state,
            Self::Before(_) => unreachable!("a change without a claim repeats nothing"),
        }
    }
}

/// Why an operation is not carried out: its key has been used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Repeated {
    /// For something else.
    #[error("the key was used for another request")]
    OtherRequest,
    /// By a call that is still under way.
    #[error("the first call with this key is still running")]
    Running,
    /// By a call that is over.
    #[error("{call} has been made with this key")]
    Finished {
        /// The first call.
        call: CallId,
        /// What it cost.
        cost: Money,
        /// The status it was answered with; 0: nobody was.
        status: u16,
    },
}

/// Why a change was not made, in order of precedence. Nothing was changed.
#[derive(Debug, Error)]
pub enum ChangeError {
    /// The key has been used for something else.
    #[error("the key was used for another request")]
    OtherRequest,
    /// The account has no live token of this name.
    #[error("there is no such token")]
    NoSuchToken,
    /// The token is not as the client has seen it.
    #[error("the token has changed")]
    Stale,
    /// The account has a live token of this name already.
    #[error("a token with this name already exists")]
    NameTaken,
    /// The settings would contradict each other.
    #[error("the settings contradict each other")]
    Invalid(Vec<SettingsError>),
    /// The account has no such alert.
    #[error("there is no such alert")]
    NoSuchAlert,
    /// The account has as many alerts as it may have.
    #[error("the account has too many alerts")]
    TooManyAlerts,
    /// The money does not fit.
    #[error(transparent)]
    TopUp(#[from] TopUpError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ChangeError {
    /// The failure of storage, where nothing else can fail.
    pub(crate) fn into_store(self) -> StoreError {
        match self {
            Self::Store(error) => error,
            other => unreachable!("this change cannot fail so: {other}"),
        }
    }
}
