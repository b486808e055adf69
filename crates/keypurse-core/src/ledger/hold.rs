//! Setting money aside before a call leaves.

use thiserror::Error;

use super::{Ledger, PurseId};
use crate::id::{AccountId, CallId, SecretId, TokenId};
use crate::ledger::Purse;
use crate::money::Money;
use crate::time::Timestamp;
use crate::token::Overdraft;

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
    /// Whether it went beyond the balance, as `Overdraft::Allow` lets one do.
    pub overdrawn: bool,
    /// What a crash would charge. `None` until something was delivered.
    pub floor: Option<Money>,
}

/// A granted hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    /// What was set aside; less than `full` when the call must be clamped.
    pub amount: Money,
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
        assert!(Money::ZERO <= request.least && request.least <= request.full);
        let mut hold = Hold {
            account: request.account,
            token: request.token.map(|used| used.token),
            amount: request.full,
            draws_on_token: false,
            overdrawn: false,
            floor: None,
        };
        let mut overdraft = Overdraft::Clamp;
        if let Some(used) = request.token {
            overdraft = self.admit_token(used, request, &mut hold, now)?;
        }
        self.admit_account(request, overdraft, &mut hold)?;
        self.set_aside(&hold);
        self.holds.insert(request.call, hold);
        Ok(Admission {
            amount: hold.amount,
        })
    }

    fn admit_token(
        &mut self,
        used: TokenUse,
        request: &HoldRequest,
        hold: &mut Hold,
        now: Timestamp,
    ) -> Result<Overdraft, HoldError> {
        let token = self.loaded_token(used.token);
        if !token.accepts(used.secret, now) {
            return Err(HoldError::Revoked);
        }
        if token.expires_at.is_some_and(|at| at <= now) {
            return Err(HoldError::Expired);
        }
        self.reset_if_due(used.token, now);
        let token = self.loaded_token(used.token);
        if !token.has_budget {
            return Ok(token.overdraft);
        }
        hold.draws_on_token = true;
        let may_overdraw = token.overdraft == Overdraft::Allow && !token.overdrawn;
        if may_overdraw && token.purse.available() > Money::ZERO {
            hold.overdrawn = token.purse.available() < hold.amount;
        } else {
            let purse = PurseId::Token(used.token);
            hold.amount = grant(&token.purse, purse, request, token.overdraft)?;
        }
        Ok(token.overdraft)
    }

    fn admit_account(
        &self,
        request: &HoldRequest,
        overdraft: Overdraft,
        hold: &mut Hold,
    ) -> Result<(), HoldError> {
        let account = &self.accounts[&request.account];
        if account.unlimited {
            return Ok(());
        }
        // A token may go beyond its own balance, never beyond the account's.
        let overdraft = match overdraft {
            Overdraft::Refuse => Overdraft::Refuse,
            Overdraft::Clamp | Overdraft::Allow => Overdraft::Clamp,
        };
        let granted = grant(
            &account.purse,
            PurseId::Account(account.id),
            request,
            overdraft,
        )?;
        hold.amount = hold.amount.min(granted);
        Ok(())
    }

    pub(super) fn set_aside(&mut self, hold: &Hold) {
        self.loaded_account(hold.account).purse.hold(hold.amount);
        let Some(id) = hold.token else { return };
        let token = self.loaded_token(id);
        token.open_holds += 1;
        token.overdrawn |= hold.overdrawn;
        if hold.draws_on_token {
            token.purse.hold(hold.amount);
        }
    }

    /// Raises what a crash would charge for a call under way; something is
    /// about to be delivered. Never lowers it.
    pub fn open(&mut self, call: CallId, floor: Money) -> bool {
        let Some(hold) = self.holds.get_mut(&call) else {
            return false;
        };
        let capped = floor.min(hold.amount);
        hold.floor = Some(hold.floor.map_or(capped, |current| current.max(capped)));
        true
    }
}

/// What `purse` gives for a call: all it can cost, or what is there when that
/// is enough for a clamped call.
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
    let (needed, clamps) = match overdraft {
        Overdraft::Refuse => (request.full, false),
        Overdraft::Clamp => (request.least, true),
        Overdraft::Allow => (Money::from_nanos(1), false),
    };
    let needed = needed.max(Money::from_nanos(1));
    if clamps && available >= needed {
        return Ok(available);
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
