//! What the reference remembers, and what follows from it: a balance is credits
//! minus charges, summed anew each time it is asked for.

use std::collections::{BTreeMap, BTreeSet};

use keypurse_core::token::{Overdraft, TokenSettings};

use super::claims::Record;
use super::operation::{
    ACCOUNTS, Charged, Key, NAMES, Name, NewHold, Number, Payer, Place, Short, Version, token_name,
};

#[derive(Clone, Debug, Default)]
pub(super) struct Reference {
    pub(super) now: i64,
    pub(super) accounts: BTreeMap<Name, Account>,
    pub(super) tokens: BTreeMap<Number, Token>,
    pub(super) calls: BTreeMap<Number, Call>,
    /// Secrets that worked once.
    pub(super) retired: BTreeSet<Number>,
    /// Those of them that went with the pepper they were digested under.
    pub(super) unremembered: BTreeSet<Number>,
    /// Of the keys that secrets are under; 0 where nothing is said.
    pub(super) versions: BTreeMap<Number, Version>,
    /// Calls whose rows are gone; what they were charged is not.
    pub(super) forgotten: BTreeSet<Number>,
    /// What was asked for under clients' keys.
    pub(super) records: BTreeMap<Key, Record>,
}

#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) key: Number,
    pub(super) credits: i64,
    pub(super) is_limited: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) account: Name,
    pub(super) settings: TokenSettings,
    pub(super) created_at: i64,
    pub(super) credits: i64,
    /// As much of its credits as was added.
    pub(super) topped_up: i64,
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
    pub(super) status: u16,
    pub(super) finished_at: i64,
    /// How many had finished before it.
    pub(super) place: usize,
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
            status: 0,
            finished_at: 0,
            place: 0,
        }
    }
}

impl Reference {
    pub(super) fn account_purse(&self, name: Name) -> Purse {
        let draws = |call: &&Call| call.account == name && !call.is_rehearsed;
        let drawing = self.calls.values().filter(draws);
        Purse::of(self.accounts[&name].credits, drawing)
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

    /// Finished calls whose rows are kept.
    pub(super) fn kept_calls(&self) -> impl Iterator<Item = (Number, &Call)> {
        let calls = self.calls.iter().map(|(number, call)| (*number, call));
        calls.filter(|(number, call)| call.end.is_some() && !self.forgotten.contains(number))
    }

    pub(super) fn version(&self, secret: Number) -> Version {
        self.versions.get(&secret).copied().unwrap_or_default()
    }

    /// Account keys and secrets of tokens that are not deleted.
    pub(super) fn secrets(&self) -> impl Iterator<Item = Number> {
        let keys = self.accounts.values().map(|account| account.key);
        let tokens = self.tokens.values().flat_map(|token| &token.secrets);
        keys.chain(tokens.map(|(secret, _)| *secret))
    }

    pub(super) fn live_places(&self) -> impl Iterator<Item = Place> {
        let places = ACCOUNTS.flat_map(|account| NAMES.map(move |name| Place { account, name }));
        places.filter(|place| self.live(*place).is_some())
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
