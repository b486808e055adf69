//! What the reference remembers, and what follows from it: a balance is credits
//! minus charges, summed anew each time it is asked for.

use std::collections::{BTreeMap, BTreeSet};

use keypurse_core::token::{Overdraft, TokenSettings};

use super::operation::{Charged, Name, NewHold, Number, Payer, Place, Short, token_name};

#[derive(Clone, Debug, Default)]
pub(super) struct Reference {
    pub(super) now: i64,
    pub(super) accounts: BTreeMap<Name, Account>,
    pub(super) tokens: BTreeMap<Number, Token>,
    pub(super) calls: BTreeMap<Number, Call>,
    pub(super) retired: BTreeSet<Number>,
}

#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) key: Number,
    /// `None`: unlimited.
    pub(super) credits: Option<i64>,
}

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) account: Name,
    pub(super) settings: TokenSettings,
    pub(super) created_at: i64,
    pub(super) credits: i64,
    /// Each with the instant it stops working; the last is the current one.
    pub(super) secrets: Vec<(Number, Option<i64>)>,
    pub(super) deleted: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) account: Name,
    pub(super) token: Option<Number>,
    pub(super) held: i64,
    pub(super) draws_on_token: bool,
    /// By a sandbox token: its account pays nothing.
    pub(super) is_rehearsed: bool,
    pub(super) beyond_balance: bool,
    pub(super) floor: Option<i64>,
    /// `None`: it is under way.
    pub(super) end: Option<Charged>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Purse {
    pub(super) balance: i64,
    pub(super) held: i64,
}

impl Purse {
    fn of<'a>(credits: i64, calls: impl Iterator<Item = &'a Call>) -> Self {
        let mut purse = Purse {
            balance: credits,
            held: 0,
        };
        for call in calls {
            match call.end {
                Some(end) => purse.balance -= end.charged,
                None => purse.held += call.held,
            }
        }
        purse
    }

    pub(super) fn available(self) -> i64 {
        self.balance - self.held
    }

    /// All of it, or what is there if that is enough and may be.
    pub(super) fn grant(self, policy: Overdraft, new: &NewHold) -> Result<i64, Short> {
        let available = self.available();
        let needed = match policy {
            Overdraft::Refuse => new.full,
            Overdraft::Clamp => new.least,
            Overdraft::Allow => 1,
        };
        let needed = needed.max(1);
        let is_clamped = policy == Overdraft::Clamp && available >= needed;
        if new.full == 0 || available >= new.full {
            return Ok(new.full);
        }
        if is_clamped {
            return Ok(available);
        }
        let (on_hold, held) = (self.balance >= needed, self.held);
        Err(Short {
            on_hold,
            of_token: false,
            needed,
            available,
            held,
        })
    }
}

impl Call {
    pub(super) fn new(account: Name, token: Option<Number>, held: i64) -> Self {
        let (draws_on_token, beyond_balance) = (false, false);
        Self {
            account,
            token,
            held,
            draws_on_token,
            is_rehearsed: false,
            beyond_balance,
            floor: None,
            end: None,
        }
    }
}

impl Reference {
    pub(super) fn account_purse(&self, name: Name) -> Purse {
        let draws = |call: &&Call| call.account == name && !call.is_rehearsed;
        let drawing = self.calls.values().filter(draws);
        Purse::of(self.accounts[&name].credits.unwrap_or(0), drawing)
    }

    pub(super) fn token_purse(&self, token: Number) -> Purse {
        let draws = |call: &Call| call.end.map_or(call.draws_on_token, |end| end.from_token);
        let calls = self.calls.values();
        let drawing = calls.filter(|call| call.token == Some(token) && draws(call));
        Purse::of(self.tokens[&token].credits, drawing)
    }

    pub(super) fn account_of(&self, payer: Payer) -> Name {
        match payer {
            Payer::Account(name) => name,
            Payer::Token { token, .. } => self.tokens[&token].account,
        }
    }

    pub(super) fn open_calls(&self) -> impl Iterator<Item = &Call> {
        self.calls.values().filter(|call| call.end.is_none())
    }

    /// Account keys and secrets of tokens that are not deleted.
    pub(super) fn secrets(&self) -> impl Iterator<Item = Number> {
        let keys = self.accounts.values().map(|account| account.key);
        let tokens = self.tokens.values().flat_map(|token| &token.secrets);
        keys.chain(tokens.map(|(secret, _)| *secret))
    }

    /// The live token of this name.
    pub(super) fn live(&self, place: Place) -> Option<Number> {
        let name = token_name(place.name);
        let is_it = |token: &Token| {
            !token.deleted && token.account == place.account && token.settings.name == name
        };
        let mut tokens = self.tokens.iter();
        tokens
            .find(|(_, token)| is_it(token))
            .map(|(number, _)| *number)
    }
}
