//! What memory knows of tokens and accounts while they are in use.

use crate::id::{AccountId, SecretId, TokenId};
use crate::money::Money;
use crate::period::Reset;
use crate::time::Timestamp;
use crate::token::{Overdraft, TokenKind, TokenSettings};

/// Money that calls draw on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purse {
    /// Credits minus charges.
    pub balance: Money,
    /// Sum of the open holds that draw on it.
    pub held: Money,
}

impl Purse {
    /// A purse nothing is held in.
    pub fn with(balance: Money) -> Self {
        Self {
            balance,
            held: Money::ZERO,
        }
    }

    /// What a new call can have.
    pub fn available(&self) -> Money {
        self.balance - self.held
    }

    pub(super) fn hold(&mut self, amount: Money) {
        self.held += amount;
    }

    pub(super) fn release(&mut self, amount: Money) {
        self.held -= amount;
        assert!(self.held >= Money::ZERO, "more was released than was held");
    }
}

/// An account's credits.
#[derive(Clone, Debug)]
pub struct AccountState {
    /// Which account.
    pub id: AccountId,
    /// Its credits; counted even when they are not limited.
    pub purse: Purse,
    /// Whether calls are admitted whatever the credits are.
    pub unlimited: bool,
}

/// One secret of a token and how long it works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretState {
    /// Which secret.
    pub id: SecretId,
    /// `None`: it is the current one. Else it was rotated out.
    pub valid_until: Option<Timestamp>,
}

/// What admission needs to know of a token.
#[derive(Clone, Debug)]
pub struct TokenState {
    /// Which token.
    pub id: TokenId,
    /// Whose credits its calls draw on as well.
    pub account: AccountId,
    /// Its balance.
    pub purse: Purse,
    /// Live or sandbox: no account pays for what is simulated.
    pub kind: TokenKind,
    /// Whether the balance is checked and charged.
    pub has_budget: bool,
    /// What happens when money is short.
    pub overdraft: Overdraft,
    /// Valid until just before this instant.
    pub expires_at: Option<Timestamp>,
    /// Its periodic budget.
    pub reset: Option<Reset>,
    /// Whether it was deleted.
    pub deleted: bool,
    /// At most two: the current one and one in its grace period.
    pub secrets: Vec<SecretState>,
    pub(super) open_holds: u32,
    /// Whether a call beyond the balance is under way (`Overdraft::Allow`).
    pub(super) overdrawn: bool,
}

impl TokenState {
    /// A token as the disk has it; nothing is held yet.
    pub fn new(
        id: TokenId,
        account: AccountId,
        balance: Money,
        settings: &TokenSettings,
        secrets: Vec<SecretState>,
    ) -> Self {
        let mut token = Self {
            id,
            account,
            purse: Purse::with(balance),
            kind: settings.kind,
            has_budget: false,
            overdraft: Overdraft::default(),
            expires_at: None,
            reset: None,
            deleted: false,
            secrets,
            open_holds: 0,
            overdrawn: false,
        };
        token.adopt(settings);
        token
    }

    pub(super) fn adopt(&mut self, settings: &TokenSettings) {
        self.has_budget = settings.draws_on_balance();
        self.overdraft = settings.overdraft;
        self.expires_at = settings.expires_at;
        self.reset = settings.reset;
    }

    pub(super) fn accepts(&self, secret: SecretId, now: Timestamp) -> bool {
        let mut known = self.secrets.iter().filter(|known| known.id == secret);
        !self.deleted && known.any(|known| known.valid_until.is_none_or(|until| now < until))
    }
}
