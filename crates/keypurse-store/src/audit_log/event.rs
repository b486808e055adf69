//! What is handed in to be recorded.

use keypurse_core::id::AccountId;
use keypurse_core::ledger::TopUp;
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;

use super::alert::alert_change;
use super::{Action, Actor, Details, wire};
use crate::accounts::Account;
use crate::alerts::AlertChange;
use crate::changes::TokenChange;
use crate::tokens::Token;

/// Something that was done, as it is handed in.
#[derive(Clone, Debug)]
pub struct AuditEvent {
    /// Whose; `None`: it concerns the whole installation.
    pub account: Option<AccountId>,
    /// Who did it.
    pub actor: Actor,
    /// What was done.
    pub action: Action,
    /// To what: a token's, an account's or a rule's name, a key's version.
    pub subject: String,
    /// What changed. Invariant: no secret is in it.
    pub details: Details,
    /// When.
    pub at: Timestamp,
}

impl AuditEvent {
    /// A change of a token; `None`: it changed nothing. `before` is the token
    /// as it was, unless it is new.
    pub fn of_token_change(
        change: &TokenChange,
        (before, after): (Option<&Token>, &Token),
        actor: Actor,
        at: Timestamp,
    ) -> Option<Self> {
        let (action, details) = wire::token_change(change, before, after)?;
        Some(Self {
            account: Some(after.account),
            actor,
            action,
            subject: after.settings.name.as_str().to_owned(),
            details,
            at,
        })
    }

    /// A new account, and what it starts with; `None`: it is unlimited.
    pub fn of_new_account(
        account: &Account,
        credits: Option<Money>,
        actor: Actor,
        at: Timestamp,
    ) -> Self {
        let details = wire::new_account(credits);
        Self::of_account(account, (Action::AccountCreate, details), actor, at)
    }

    /// Credits for an account, which has them now.
    pub fn of_account_top_up(
        account: &Account,
        top_up: &TopUp,
        actor: Actor,
        at: Timestamp,
    ) -> Self {
        let details = wire::top_up(Details::none(), top_up, account.balance);
        Self::of_account(account, (Action::AccountTopUp, details), actor, at)
    }

    /// A change of an alert rule. The webhook's address and secret are left out.
    pub fn of_alert_change(change: &AlertChange, actor: Actor, at: Timestamp) -> Self {
        let (account, action, name) = match change {
            AlertChange::Create(rule) => (rule.account, Action::AlertCreate, &*rule.name),
            AlertChange::Update { rule, .. } => (rule.account, Action::AlertUpdate, &*rule.name),
            AlertChange::Delete { account, .. } => (*account, Action::AlertDelete, ""),
        };
        Self {
            account: Some(account),
            actor,
            action,
            subject: name.to_owned(),
            details: alert_change(change),
            at,
        }
    }

    /// Anything done to an account.
    pub fn of_account(
        account: &Account,
        (action, details): (Action, Details),
        actor: Actor,
        at: Timestamp,
    ) -> Self {
        Self {
            account: Some(account.id),
            actor,
            action,
            subject: account.name.clone(),
            details,
            at,
        }
    }
}
