//! The state machine itself: loading, settings, resets, the end of a token.

use std::collections::HashMap;

use jiff::tz::TimeZone;

use super::{AccountState, Changes, Entry, EntryKind, Hold, PurseId, SecretState, TokenState};
use crate::id::{AccountId, CallId, TokenId};
use crate::money::Money;
use crate::time::Timestamp;
use crate::token::TokenSettings;

/// Balances and open holds of the tokens and accounts in use.
#[derive(Debug)]
pub struct Ledger {
    pub(super) accounts: HashMap<AccountId, AccountState>,
    pub(super) tokens: HashMap<TokenId, TokenState>,
    pub(super) holds: HashMap<CallId, Hold>,
    pub(super) changes: Changes,
    pub(super) zone: TimeZone,
    /// No balance is set back before this has come.
    proven: Timestamp,
}

impl Ledger {
    /// An empty ledger; periods begin with the days of `zone`, and time has come
    /// to `proven` for certain.
    pub fn new(zone: TimeZone, proven: Timestamp) -> Self {
        Self {
            accounts: HashMap::new(),
            tokens: HashMap::new(),
            holds: HashMap::new(),
            changes: Changes::default(),
            zone,
            proven,
        }
    }

    /// Time has come so far for certain. A balance that was set back by a clock
    /// that is wrong would be lost, so resets wait for it.
    pub fn prove_until(&mut self, until: Timestamp) {
        self.proven = until;
    }

    /// The zone whose days bound periods.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The account, if it is loaded.
    pub fn account(&self, id: AccountId) -> Option<&AccountState> {
        self.accounts.get(&id)
    }

    /// The token, if it is loaded.
    pub fn token(&self, id: TokenId) -> Option<&TokenState> {
        self.tokens.get(&id)
    }

    /// How many tokens are loaded.
    pub fn tokens(&self) -> usize {
        self.tokens.len()
    }

    /// An open hold.
    pub fn open_hold(&self, call: CallId) -> Option<&Hold> {
        self.holds.get(&call)
    }

    /// How many holds are open.
    pub fn open_holds(&self) -> usize {
        self.holds.len()
    }

    /// How much they hold.
    pub fn held(&self) -> Money {
        // Whatever a token holds, its account holds.
        let accounts = self.accounts.values();
        accounts.fold(Money::ZERO, |held, account| held + account.purse.held)
    }

    /// Brings an account into memory as the disk has it.
    pub fn load_account(&mut self, account: AccountState) {
        self.accounts.entry(account.id).or_insert(account);
    }

    /// Brings a token into memory as the disk has it.
    pub fn load_token(&mut self, token: TokenState) {
        self.tokens.entry(token.id).or_insert(token);
    }

    /// Takes back an open hold found at start. Its purses must be loaded.
    pub fn restore_hold(&mut self, call: CallId, hold: Hold) {
        self.set_aside(&hold);
        self.holds.insert(call, hold);
    }

    /// Forgets tokens that nothing is held for, when more than `limit` are
    /// loaded. Call only when all changes are taken.
    pub fn forget_idle(&mut self, limit: usize) {
        if self.tokens.len() > limit {
            self.tokens.retain(|_, token| token.open_holds > 0);
        }
    }

    /// Entries since the last call, oldest first. They are no longer part of
    /// what [`Ledger::take_changes`] returns: whoever writes charges and
    /// entries in one order takes them before each charge.
    pub fn take_entries(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.changes.entries)
    }

    /// What has changed since the last call, to be written in one transaction.
    pub fn take_changes(&mut self) -> Changes {
        std::mem::take(&mut self.changes)
    }

    /// Replaces a token's settings and sets its balance if the change says so.
    /// The difference becomes an entry.
    pub fn apply_settings(
        &mut self,
        id: TokenId,
        settings: &TokenSettings,
        balance: Option<Money>,
        now: Timestamp,
    ) {
        self.reset_if_due(id, now);
        let token = self.loaded_token(id);
        token.adopt(settings);
        let Some(balance) = balance else { return };
        let amount = balance - token.purse.balance;
        token.purse.balance = balance;
        self.changes.record(Entry {
            purse: PurseId::Token(id),
            kind: EntryKind::Adjust,
            amount,
            balance_after: balance,
            note: None,
            at: now,
        });
    }

    /// Sets a periodic balance back, once, when its period is over for certain.
    pub fn reset_if_due(&mut self, id: TokenId, now: Timestamp) {
        self.bring_reset_near(id, now);
        let certain = now.min(self.proven);
        let zone = self.zone.clone();
        let token = self.loaded_token(id);
        let Some(reset) = token.reset.as_mut().filter(|reset| reset.is_due(certain)) else {
            return;
        };
        reset.next_at = reset.period.next_after(certain, &zone);
        let (amount, next_at) = (reset.amount - token.purse.balance, reset.next_at);
        token.purse.balance = reset.amount;
        let balance_after = token.purse.balance;
        self.changes.resets.insert(id, next_at);
        self.changes.record(Entry {
            purse: PurseId::Token(id),
            kind: EntryKind::Reset,
            amount,
            balance_after,
            note: None,
            at: certain,
        });
    }

    /// A reset that a clock which had jumped ahead set too far away comes when
    /// its period is over. Certain time may be behind without anything wrong,
    /// so it is not what says so.
    fn bring_reset_near(&mut self, id: TokenId, now: Timestamp) {
        let zone = self.zone.clone();
        let token = self.loaded_token(id);
        let Some(reset) = token.reset.as_mut().filter(|reset| reset.is_astray(now)) else {
            return;
        };
        reset.next_at = reset.period.next_after(now, &zone);
        let next_at = reset.next_at;
        self.changes.resets.insert(id, next_at);
    }

    /// Ends a token: from here on nothing is admitted for it.
    pub fn delete_token(&mut self, id: TokenId) {
        self.loaded_token(id).deleted = true;
    }

    /// Gives a token a new secret. The old one stays valid until `old_until`;
    /// without that it is dead for good, whatever the clock does next. Any
    /// older one is dead.
    pub fn rotate_token(&mut self, id: TokenId, secret: SecretState, old_until: Option<Timestamp>) {
        let token = self.loaded_token(id);
        let has_grace = old_until.is_some();
        token
            .secrets
            .retain(|old| has_grace && old.valid_until.is_none());
        for old in &mut token.secrets {
            old.valid_until = old_until;
        }
        token.secrets.push(secret);
    }

    pub(super) fn loaded_token(&mut self, id: TokenId) -> &mut TokenState {
        self.tokens
            .get_mut(&id)
            .expect("the store loads a token before it is used")
    }

    pub(super) fn loaded_account(&mut self, id: AccountId) -> &mut AccountState {
        self.accounts
            .get_mut(&id)
            .expect("the store loads an account before it is used")
    }
}
