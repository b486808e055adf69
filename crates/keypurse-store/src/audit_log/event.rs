//! What is handed in to be recorded.

use keypurse_core::id::{AccountId, CallId, SessionId};
use keypurse_core::ledger::{Charge, TopUp};
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;

use super::alert::alert_change;
use super::{Action, Actor, Details, Who, wire};
use crate::accounts::Account;
use crate::alerts::AlertChange;
use crate::changes::TokenChange;
use crate::tokens::Token;

/// What calls of the account's own key are reported as.
const BASE_TOKEN: &str = "base_token";

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

    /// A call that cost more than its hold and the balance; `token`: unless the
    /// account's own key made it.
    pub fn of_overrun(
        account: AccountId,
        (call, charge): (CallId, &Charge),
        token: Option<&Token>,
        at: Timestamp,
    ) -> Self {
        let details = Details::none()
            .with("call", call.to_string())
            .with("cost", charge.cost.to_string())
            .with("charged", charge.charged.to_string())
            .with("house", charge.house.to_string());
        let subject = token.map_or(BASE_TOKEN, |token| token.settings.name.as_str());
        Self {
            account: Some(account),
            actor: Actor::SYSTEM,
            action: Action::Overrun,
            subject: subject.to_owned(),
            details,
            at,
        }
    }

    /// A time in which nothing could be recorded, so that nothing was spent.
    pub fn of_closed_time(subject: &str, since: Timestamp, until: Timestamp) -> Self {
        Self {
            account: None,
            actor: Actor::SYSTEM,
            action: Action::FailClosed,
            subject: subject.to_owned(),
            details: Details::none()
                .with("since", since.to_string())
                .with("until", until.to_string()),
            at: until,
        }
    }

    /// The beginning or the end of a session.
    pub fn of_session(
        (account, session): (AccountId, SessionId),
        action: Action,
        actor: Actor,
        at: Timestamp,
    ) -> Self {
        Self {
            account: Some(account),
            actor,
            action,
            subject: Who::Session(session.0).to_string(),
            details: Details::none(),
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
