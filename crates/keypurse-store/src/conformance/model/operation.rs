//! What can be asked of a store, and what it can answer.
//!
//! Everything is named by numbers of the model's own: a name, a secret or a
//! call stays the same while a failing sequence is shrunk around it.

use keypurse_core::period::ResetPeriod;
use keypurse_core::token::{Overdraft, SettingsChange, TokenKind, TokenName, TokenSettings};

/// An account or a token's name, from a few that collide.
pub(super) type Name = u8;
/// A secret or a call; used once. A token goes by its first secret's number.
pub(super) type Number = i64;

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
    CreateToken(NewToken),
    UpdateToken(Place, SettingsChange),
    RotateToken {
        place: Place,
        secret: Number,
        /// In seconds.
        grace: i64,
    },
    DeleteToken(Place),
    Hold(NewHold),
    /// For another model, while nothing was delivered.
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
    },
    /// Several at once, in this order: they may share a batch.
    Together(Vec<Operation>),
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

/// A token to be made.
#[derive(Clone, Debug)]
pub(super) struct NewToken {
    pub(super) place: Place,
    pub(super) kind: TokenKind,
    pub(super) change: SettingsChange,
    pub(super) secret: Number,
}

impl NewToken {
    /// What the change is applied to.
    pub(super) fn settings(&self) -> TokenSettings {
        TokenSettings::new(token_name(self.place.name), self.kind)
    }
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
    Token(TokenSettings, i64),
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

pub(super) const PERIODS: [ResetPeriod; 3] = [
    ResetPeriod::Daily,
    ResetPeriod::Weekly,
    ResetPeriod::Monthly,
];
pub(super) const OVERDRAFTS: [Overdraft; 3] =
    [Overdraft::Clamp, Overdraft::Refuse, Overdraft::Allow];
