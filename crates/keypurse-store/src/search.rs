//! Tokens as lists show them: found by what people remember of them.

use keypurse_core::id::AccountId;
use keypurse_core::money::Money;
use keypurse_core::time::{Reading, Timestamp};
use keypurse_core::token::TokenKind;

use crate::tokens::Token;

/// What a token may be looked for by, besides its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenCondition {
    /// Not expired, and not out of money.
    Usable,
    /// It pays from its balance and has less than a tenth of what a period, or
    /// its last credit, gave it.
    Low,
    /// It pays from its balance and has nothing left.
    Exhausted,
    /// It expires within [`TokenSearch::SOON_SECONDS`].
    Expiring,
    /// Past its validity.
    Expired,
    /// Still valid, made more than [`TokenSearch::IDLE_SECONDS`] ago, and no
    /// call ended since then.
    Idle,
}

/// In which order tokens are listed. Equal ones stand as they were made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenOrder {
    /// As they were made.
    #[default]
    Created,
    /// By name; the case of ASCII letters does not count.
    Name,
    /// By balance, a due reset counted in.
    Balance,
    /// By expiry; those that never expire come last.
    Expiry,
}

/// Which live tokens of an account are asked for.
#[derive(Clone, Debug)]
pub struct TokenSearch {
    /// Whose.
    pub account: AccountId,
    /// Only those with this in their name or in one of their tags; the case of
    /// ASCII letters does not count.
    pub text: Option<String>,
    /// Only live or only sandbox ones.
    pub kind: Option<TokenKind>,
    /// Only those in this condition.
    pub condition: Option<TokenCondition>,
    /// How they are ordered.
    pub order: TokenOrder,
    /// Whether the order is the other way round.
    pub descending: bool,
    /// How many are left out first.
    pub offset: u64,
    /// How many at most.
    pub limit: u64,
    /// When: decides what has expired and what is due.
    pub at: Reading,
}

impl TokenSearch {
    /// How far ahead an expiry is soon: seven days.
    pub const SOON_SECONDS: i64 = 7 * 24 * 60 * 60;
    /// Without a call for so long a token is idle: thirty days.
    pub const IDLE_SECONDS: i64 = 30 * 24 * 60 * 60;
}

/// A page of what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokensFound {
    /// The page.
    pub tokens: Vec<TokenStanding>,
    /// How many there are on all pages.
    pub total: u64,
}

/// How many live tokens an account has, and how many somebody should look at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenTally {
    /// All of them.
    pub all: u64,
    /// [`TokenCondition::Low`]
    pub low: u64,
    /// [`TokenCondition::Exhausted`]
    pub exhausted: u64,
    /// [`TokenCondition::Expiring`]
    pub expiring: u64,
    /// [`TokenCondition::Idle`]
    pub idle: u64,
}

/// A token, and what its calls make of it at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenStanding {
    /// The token.
    pub token: Token,
    /// What its period, or its last credit, gave it.
    pub given: Money,
    /// What its calls have taken from its balance since it was made.
    pub spent: Money,
    /// What open holds set aside of its balance.
    pub held: Money,
    /// When its last call that is still kept ended.
    pub last_used: Option<Timestamp>,
}

impl TokenStanding {
    /// Whether it is [`TokenCondition::Low`].
    pub fn is_low(&self, at: Reading) -> bool {
        let balance = self.token.balance_at(at.proven).nanos();
        self.token.settings.draws_on_balance() && balance > 0 && balance < self.given.nanos() / 10
    }

    /// Whether it is [`TokenCondition::Exhausted`].
    pub fn is_exhausted(&self, at: Reading) -> bool {
        self.token.settings.draws_on_balance() && self.token.balance_at(at.proven) <= Money::ZERO
    }
}
