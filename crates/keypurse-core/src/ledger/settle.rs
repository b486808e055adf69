//! Resolving a hold: what a call is charged, once.

use thiserror::Error;

use super::{Ledger, PurseId};
use crate::id::CallId;
use crate::ledger::Hold;
use crate::money::Money;
use crate::time::Timestamp;
use crate::token::Overdraft;

/// What a resolved hold took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    /// What the call cost.
    pub cost: Money,
    /// What the purses paid.
    pub charged: Money,
    /// What neither hold nor balance could cover.
    pub house: Money,
    /// Whether the token's balance was charged, not the account's alone.
    pub from_token: bool,
    /// Whether the account's was not, because the call was simulated.
    pub rehearsed: bool,
    /// The token's balance afterwards, if it has one.
    pub token_balance: Option<Money>,
}

/// Why a hold could not be resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SettleError {
    /// It was resolved before, or never granted.
    #[error("no open hold of this call")]
    NotOpen,
}

impl Ledger {
    /// Resolves a hold at what the call cost and releases the rest.
    pub fn settle(
        &mut self,
        call: CallId,
        cost: Money,
        now: Timestamp,
    ) -> Result<Charge, SettleError> {
        assert!(cost >= Money::ZERO, "a cost never credits");
        let hold = self.holds.remove(&call).ok_or(SettleError::NotOpen)?;
        if let Some(token) = hold.token {
            self.reset_if_due(token, now);
        }
        self.give_back(&hold);
        let from_token = self.charges_token(&hold);
        let extra = (cost - hold.amount).or_zero();
        let covered = self.coverable(&hold, from_token, extra);
        let charged = cost.min(hold.amount) + covered;
        self.take(&hold, from_token, charged);
        let token_balance = hold
            .token
            .and_then(|id| self.tokens.get(&id))
            .filter(|token| token.has_budget)
            .map(|token| token.purse.balance);
        Ok(Charge {
            cost,
            charged,
            house: extra - covered,
            from_token,
            rehearsed: hold.rehearsed,
            token_balance,
        })
    }

    /// Resolves a hold at a cost that was counted, not reported: it is never
    /// charged above the hold, and never the house's.
    pub fn settle_counted(
        &mut self,
        call: CallId,
        counted: Money,
        now: Timestamp,
    ) -> Result<Charge, SettleError> {
        let hold = self.holds.get(&call).ok_or(SettleError::NotOpen)?;
        let cost = counted.min(hold.amount);
        self.settle(call, cost, now)
    }

    /// Resolves a hold at nothing: the call did not happen.
    pub fn void(&mut self, call: CallId, now: Timestamp) -> Result<Charge, SettleError> {
        self.settle(call, Money::ZERO, now)
    }

    fn give_back(&mut self, hold: &Hold) {
        if !hold.rehearsed {
            self.loaded_account(hold.account).purse.release(hold.amount);
        }
        let Some(id) = hold.token else { return };
        let token = self.loaded_token(id);
        token.open_holds -= 1;
        if hold.overdrawn {
            token.overdrawn = false;
        }
        if hold.draws_on_token {
            token.purse.release(hold.amount);
        }
    }

    /// An operator may have switched the balance off while the call ran; then
    /// it is no longer changed.
    fn charges_token(&self, hold: &Hold) -> bool {
        let token = hold.token.and_then(|id| self.tokens.get(&id));
        hold.draws_on_token && token.is_some_and(|token| token.has_budget)
    }

    /// How much of what goes beyond the hold the purses can still pay without
    /// going below zero, other calls' holds respected.
    fn coverable(&self, hold: &Hold, from_token: bool, extra: Money) -> Money {
        let mut covered = extra;
        let account = &self.accounts[&hold.account];
        if !hold.rehearsed && !account.unlimited {
            covered = covered.min(beyond_hold(account.purse.available(), hold.amount));
        }
        let token = hold
            .token
            .filter(|_| from_token)
            .map(|id| &self.tokens[&id]);
        match token {
            Some(token) if token.overdraft != Overdraft::Allow => {
                covered.min(beyond_hold(token.purse.available(), hold.amount))
            }
            Some(_) | None => covered,
        }
    }

    fn take(&mut self, hold: &Hold, from_token: bool, charged: Money) {
        if charged == Money::ZERO {
            return;
        }
        if !hold.rehearsed {
            self.loaded_account(hold.account).purse.balance -= charged;
            self.changes.purses.insert(PurseId::Account(hold.account));
        }
        if let Some(id) = hold.token.filter(|_| from_token) {
            self.loaded_token(id).purse.balance -= charged;
            self.changes.purses.insert(PurseId::Token(id));
        }
    }
}

/// What is left of `available` after the hold that was just given back.
fn beyond_hold(available: Money, held: Money) -> Money {
    (available - held).or_zero()
}
