//! Setting money aside before a call leaves.

use thiserror::Error;

use super::{Ledger, PurseId};
use crate::id::{AccountId, CallId, SecretId, TokenId};
use crate::ledger::{Purse, TokenState};
use crate::money::Money;
use crate::time::Timestamp;
use crate::token::{Overdraft, TokenKind};

/// The token a call is made with, and by which of its secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenUse {
    /// Which token.
    pub token: TokenId,
    /// Which secret was presented.
    pub secret: SecretId,
}

/// Asks for money for one call.
#[derive(Clone, Copy, Debug)]
pub struct HoldRequest {
    /// The call.
    pub call: CallId,
    /// Whose credits.
    pub account: AccountId,
    /// `None`: the account's own key calls.
    pub token: Option<TokenUse>,
    /// The most the call can cost.
    pub full: Money,
    /// The least a clamped call needs.
    pub least: Money,
    /// What to set aside at once: less than `full` for a call whose hold grows
    /// ahead of what it delivers ([`Ledger::open`]).
    pub first: Money,
}

/// Money set aside for one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Whose credits.
    pub account: AccountId,
    /// Which token, if one was used.
    pub token: Option<TokenId>,
    /// How much.
    pub amount: Money,
    /// Whether the token's balance is drawn on, not the account's alone.
    pub draws_on_token: bool,
    /// Whether the call is simulated: its token's balance alone is drawn on, if
    /// that one has a balance, and never the account's.
    pub rehearsed: bool,
    /// Whether it went beyond the balance, as `Overdraft::Allow` lets one do.
    pub overdrawn: bool,
    /// What a crash would charge. `None` until something was delivered.
    pub floor: Option<Money>,
}

/// A granted hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    /// What was set aside.
    pub amount: Money,
    /// What the purses could give; less than `full` when the call must be
    /// clamped to what this buys.
    pub budget: Money,
    /// Whether the call goes beyond the balance, as its token allows one to.
    pub overdrawn: bool,
}

/// Which purse was short, and by how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Short {
    /// The purse that refused.
    pub purse: PurseId,
    /// The least that would have been enough.
    pub needed: Money,
    /// What a new call can have of it.
    pub available: Money,
    /// What calls in flight hold of it.
    pub held: Money,
}

/// Why no money was set aside, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HoldError {
    /// The token was deleted or the secret rotated out.
    #[error("the token was deleted or its secret rotated out")]
    Revoked,
    /// The token is past its validity.
    #[error("the token has expired")]
    Expired,
    /// The money is gone.
    #[error("the balance does not cover the call")]
    Insufficient(Short),
    /// The money is there, but held by calls in flight.
    #[error("the balance is held by calls in flight")]
    OnHold(Short),
}

impl Ledger {
    /// Sets money aside, or says why not. Both purses change, or neither.
    pub fn hold(&mut self, request: &HoldRequest, now: Timestamp) -> Result<Admission, HoldError> {
        assert!(
            !self.holds.contains_key(&request.call),
            "a call id is used once"
        );
        assert!(Money::ZERO <= request.least && request.least <= request.first);
        assert!(request.first <= request.full);
        let mut hold = Hold {
            account: request.account,
            token: request.token.map(|used| used.token),
            amount: request.first,
            draws_on_token: false,
            rehearsed: false,
            overdrawn: false,
            floor: None,
        };
        let mut budget = request.full;
        let mut overdraft = Overdraft::Clamp;
        if let Some(used) = request.token {
            overdraft = self.check_token(used, now)?;
            budget = self.grant_by_token(used.token, request, &mut hold)?;
        }
        if !hold.rehearsed {
            budget = budget.min(self.grant_by_account(request, overdraft)?);
        }
        // By what both purses give: the account's may keep it within the token's.
        hold.overdrawn = self.left_of_token(&hold).is_some_and(|left| budget > left);
        // What may not be clamped must not be cut off half way either.
        if overdraft == Overdraft::Refuse || hold.overdrawn {
            hold.amount = request.full;
        }
        hold.amount = hold.amount.min(budget);
        self.set_aside(&hold);
        self.holds.insert(request.call, hold);
        Ok(Admission {
            amount: hold.amount,
            budget,
            overdrawn: hold.overdrawn,
        })
    }

    /// Sets money aside anew for a call another model is to answer: what it
    /// held is there for it. Refused, it holds what it held. `None`: it is not
    /// under way, or something of it was delivered.
    pub fn hold_anew(
        &mut self,
        request: &HoldRequest,
        now: Timestamp,
    ) -> Option<Result<Admission, HoldError>> {
        let held = *self.holds.get(&request.call)?;
        if held.floor.is_some() {
            return None;
        }
        assert_eq!(
            (held.account, held.token),
            (request.account, request.token.map(|used| used.token)),
            "a call is paid for by who began it"
        );
        self.holds.remove(&request.call);
        self.give_back(&held);
        let granted = self.hold(request, now);
        if granted.is_err() {
            self.set_aside(&held);
            self.holds.insert(request.call, held);
        }
        Some(granted)
    }

    fn check_token(&mut self, used: TokenUse, now: Timestamp) -> Result<Overdraft, HoldError> {
        let token = self.loaded_token(used.token);
        if !token.accepts(used.secret, now) {
            return Err(HoldError::Revoked);
        }
        if token.expires_at.is_some_and(|at| at <= now) {
            return Err(HoldError::Expired);
        }
        self.reset_if_due(used.token, now);
        Ok(self.loaded_token(used.token).overdraft)
    }

    fn grant_by_token(
        &self,
        id: TokenId,
        request: &HoldRequest,
        hold: &mut Hold,
    ) -> Result<Money, HoldError> {
        let token = &self.tokens[&id];
        hold.rehearsed = token.kind == TokenKind::Sandbox;
        if !token.has_budget {
            return Ok(request.full);
        }
        hold.draws_on_token = true;
        let overdraft = match token.overdraft {
            // One call at a time goes beyond; the others are not worse off for it.
            Overdraft::Allow if token.overdrawn => Overdraft::Clamp,
            overdraft => overdraft,
        };
        grant(&token.purse, PurseId::Token(id), request, overdraft)
    }

    fn grant_by_account(
        &self,
        request: &HoldRequest,
        overdraft: Overdraft,
    ) -> Result<Money, HoldError> {
        let account = &self.accounts[&request.account];
        if account.unlimited {
            return Ok(request.full);
        }
        // A token may go beyond its own balance, never beyond the account's.
        let overdraft = match overdraft {
            Overdraft::Refuse => Overdraft::Refuse,
            Overdraft::Clamp | Overdraft::Allow => Overdraft::Clamp,
        };
        let purse = PurseId::Account(account.id);
        grant(&account.purse, purse, request, overdraft)
    }

    pub(super) fn set_aside(&mut self, hold: &Hold) {
        if !hold.rehearsed {
            self.loaded_account(hold.account).purse.hold(hold.amount);
        }
        let Some(id) = hold.token else { return };
        let token = self.loaded_token(id);
        token.open_holds += 1;
        token.overdrawn |= hold.overdrawn;
        if hold.draws_on_token {
            token.purse.hold(hold.amount);
        }
    }

    /// Raises what a crash would charge for a call under way, because something
    /// is about to be delivered, and the hold with it as far as the money goes.
    /// Never lowers either. Returns the floor as it is now: less than asked for
    /// is all that may be delivered. `None`: the call is not under way.
    pub fn open(&mut self, call: CallId, floor: Money) -> Option<Money> {
        let mut hold = *self.holds.get(&call)?;
        let growth = self.growth(&hold, (floor - hold.amount).or_zero());
        hold.overdrawn |= self.left_of_token(&hold).is_some_and(|left| growth > left);
        hold.amount += growth;
        let reached = floor.min(hold.amount);
        let reached = hold.floor.map_or(reached, |known| known.max(reached));
        hold.floor = Some(reached);
        self.grow(&hold, growth);
        self.holds.insert(call, hold);
        Some(reached)
    }

    /// How much of `wanted` can be added to a hold.
    fn growth(&self, hold: &Hold, wanted: Money) -> Money {
        let account = &self.accounts[&hold.account];
        let by_account = if hold.rehearsed || account.unlimited {
            wanted
        } else {
            account.purse.available().or_zero()
        };
        let token = self.drawn_on(hold);
        let may_overdraw = token.is_some_and(|token| {
            token.overdraft == Overdraft::Allow && (hold.overdrawn || !token.overdrawn)
        });
        let by_token = self.left_of_token(hold).filter(|_| !may_overdraw);
        wanted.min(by_account).min(by_token.unwrap_or(wanted))
    }

    /// What the token has left, if the hold draws on one.
    fn left_of_token(&self, hold: &Hold) -> Option<Money> {
        let token = self.drawn_on(hold)?;
        Some(token.purse.available().or_zero())
    }

    fn drawn_on(&self, hold: &Hold) -> Option<&TokenState> {
        let token = hold.token.filter(|_| hold.draws_on_token);
        token.map(|id| &self.tokens[&id])
    }

    fn grow(&mut self, hold: &Hold, growth: Money) {
        if !hold.rehearsed {
            self.loaded_account(hold.account).purse.hold(growth);
        }
        if let Some(id) = hold.token.filter(|_| hold.draws_on_token) {
            let token = self.loaded_token(id);
            token.overdrawn |= hold.overdrawn;
            token.purse.hold(growth);
        }
    }
}

/// What `purse` gives for a call: all it can cost, if it is there or there is
/// something and more is allowed, or what is there when that is enough for a
/// clamped call.
fn grant(
    purse: &Purse,
    id: PurseId,
    request: &HoldRequest,
    overdraft: Overdraft,
) -> Result<Money, HoldError> {
    let available = purse.available();
    // A free call needs no money, even when there is none.
    if request.full == Money::ZERO || available >= request.full {
        return Ok(request.full);
    }
    let (needed, granted) = match overdraft {
        Overdraft::Refuse => (request.full, request.full),
        Overdraft::Clamp => (request.least, available),
        Overdraft::Allow => (Money::ZERO, request.full),
    };
    let needed = needed.max(Money::from_nanos(1));
    if available >= needed {
        return Ok(granted);
    }
    let short = Short {
        purse: id,
        needed,
        available,
        held: purse.held,
    };
    if purse.balance >= needed {
        Err(HoldError::OnHold(short))
    } else {
        Err(HoldError::Insufficient(short))
    }
}
