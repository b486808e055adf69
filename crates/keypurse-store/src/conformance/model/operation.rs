//! What can be asked of a store, and what it can answer.
//!
//! Everything is named by numbers of the model's own: a name, a secret or a
//! call stays the same while a failing sequence is shrunk around it.

use std::ops::Range;

use keypurse_core::period::ResetPeriod;
use keypurse_core::token::{Overdraft, SettingsChange, TokenKind, TokenName, TokenSettings};

use crate::KeyKind;

/// An account or a token's name, from a few that collide.
pub(super) type Name = u8;
/// A secret or a call; used once. A token goes by its first secret's number.
pub(super) type Number = i64;
/// Of the pepper and the master key, which change together here; from 0.
pub(super) type Version = u8;

/// One operation.
#[derive(Clone, Debug)]
pub(super) enum Operation {
    CreateAccount {
        name: Name,
        credits: Option<i64>,
        key: Number,
    },
    ReplaceKey {
        name: Name,
        key: Number,
    },
    TopUpAccount {
        name: Name,
        amount: i64,
        claim: Option<Claim>,
    },
    /// Of a token.
    Change(Box<Change>),
    Hold(NewHold),
    /// For another model, while nothing was delivered. Its claim says nothing.
    HoldAnew(NewHold),
    Open {
        call: Number,
        floor: i64,
    },
    Settle {
        call: Number,
        usage: Usage,
    },
    Simulate {
        call: Number,
        token: Number,
        claim: Option<Claim>,
    },
    /// Secrets, each from this version of the keys to the next.
    Rekey(Vec<(Number, Version)>),
    DropKey(KeyKind, Version),
    /// Several at once, in this order: they may share a batch.
    Together(Vec<Operation>),
    /// Calls that finished before this instant, all of them.
    Forget(i64),
    /// The clock now shows this many microseconds.
    SetClock(i64),
    /// The process is gone; what is on disk is all there is.
    Crash,
    /// An orderly end and a new start.
    Reopen,
    /// The books are proved beside the running store.
    Audit,
}

/// Where a token's name is looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) account: Name,
    pub(super) name: Name,
}

/// A change of one token, and what its client asks for besides.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) place: Place,
    pub(super) what: What,
    pub(super) claim: Option<Claim>,
    pub(super) if_match: Option<Seen>,
}

/// What becomes of a token.
#[derive(Clone, Debug)]
pub(super) enum What {
    Create(NewToken),
    Update(SettingsChange),
    Rotate {
        secret: Number,
        /// In seconds.
        grace: i64,
    },
    TopUp(i64),
    Delete,
}

/// A token to be made.
#[derive(Clone, Debug)]
pub(super) struct NewToken {
    pub(super) kind: TokenKind,
    pub(super) change: SettingsChange,
    pub(super) secret: Number,
}

impl NewToken {
    /// What the change is applied to.
    pub(super) fn settings(&self, place: Place) -> TokenSettings {
        TokenSettings::new(token_name(place.name), self.kind)
    }
}

/// How a client names what it asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    pub(super) key: Key,
    /// Stands for all that is asked for: two that differ are two requests.
    pub(super) request: u8,
}

/// A client's key, from a few that collide.
pub(super) type Key = u8;

/// What a client has seen of a token it changes.
#[derive(Clone, Debug)]
pub(super) enum Seen {
    /// When its period ends is no setting.
    Settings(TokenSettings),
    /// With a reset that is due.
    Balance(i64),
}

/// Money asked for one call.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewHold {
    pub(super) call: Number,
    pub(super) payer: Payer,
    pub(super) full: i64,
    pub(super) least: i64,
    /// What is set aside at once.
    pub(super) first: i64,
    pub(super) claim: Option<Claim>,
}

impl Operation {
    /// Moves money and nothing else.
    pub(super) fn is_about_a_call(&self) -> bool {
        match self {
            Self::Hold(_)
            | Self::HoldAnew(_)
            | Self::Open { .. }
            | Self::Settle { .. }
            | Self::Simulate { .. } => true,
            Self::Together(operations) => operations.iter().all(Self::is_about_a_call),
            _ => false,
        }
    }

    /// A store was opened.
    pub(super) fn is_a_start(&self) -> bool {
        matches!(self, Self::Crash | Self::Reopen)
    }
}

/// Whose money a call draws on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Payer {
    Account(Name),
    Token { token: Number, secret: Number },
}

/// How a call ended.
#[derive(Clone, Copy, Debug)]
pub(super) enum Usage {
    Reported(i64),
    /// Never charged above the hold.
    Counted(i64),
    Void,
    /// Nobody knows.
    Abandoned,
}

/// What an operation answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Done,
    /// No token or account of this name.
    Missing,
    /// The name is taken.
    Taken,
    /// The settings contradict each other.
    Invalid,
    /// The money does not fit.
    TooMuch,
    /// The token is not as its client has seen it.
    Stale,
    /// As it is now; a deleted one as it was last.
    Token(TokenSettings, i64),
    /// An account's.
    Balance(i64),
    /// The key was used for something else.
    OtherRequest,
    /// What the first request with this key was answered.
    Before(String),
    /// The first call with this key is under way.
    Running,
    /// It is over.
    Finished {
        call: Number,
        cost: i64,
        status: u16,
    },
    Held {
        amount: i64,
        budget: i64,
    },
    Floor(i64),
    Revoked,
    Expired,
    Short(Short),
    NotOpen,
    Charged(Charged),
    /// How many calls.
    Forgotten(usize),
    /// How many secrets.
    Moved(usize),
    /// Whether nothing relied on it.
    Dropped(bool),
}

/// A refusal for money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Short {
    /// Gone for good, or held by other calls.
    pub(super) on_hold: bool,
    /// The token's purse, or the account's.
    pub(super) of_token: bool,
    pub(super) needed: i64,
    pub(super) available: i64,
    pub(super) held: i64,
}

/// What a call took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Charged {
    pub(super) cost: i64,
    pub(super) charged: i64,
    pub(super) house: i64,
    pub(super) from_token: bool,
    pub(super) balance: Option<i64>,
}

pub(super) fn token_name(name: Name) -> TokenName {
    TokenName::parse(&format!("token {name}")).expect("a good name")
}

/// What a call's client is answered with, another one for the next call.
pub(super) fn status_of(call: Number) -> u16 {
    u16::try_from(200 + call % 7).expect("small")
}

/// Whether a copy of a secret is kept.
pub(super) const fn is_sealed(secret: Number) -> bool {
    secret % 2 == 0
}

pub(super) const ACCOUNTS: Range<Name> = 0..2;
/// Of tokens in one account.
pub(super) const NAMES: Range<Name> = 0..3;
pub(super) const PERIODS: [ResetPeriod; 3] = [
    ResetPeriod::Daily,
    ResetPeriod::Weekly,
    ResetPeriod::Monthly,
];
pub(super) const OVERDRAFTS: [Overdraft; 3] =
    [Overdraft::Clamp, Overdraft::Refuse, Overdraft::Allow];
