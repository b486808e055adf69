//! Changes in the words the API has for them.

use keypurse_core::ledger::{Note, TopUp};
use keypurse_core::money::Money;
use keypurse_core::period::ResetPeriod;
use keypurse_core::rules::{ModelPattern, Network, Rules, Tag};
use keypurse_core::token::{Overdraft, TokenKind};
use serde_json::{Map, Value, json};

use super::{Action, Details};
use crate::changes::TokenChange;
use crate::tokens::Token;

/// What a change of a token changed; `None`: nothing. `before` is the token as
/// it was, unless it is new.
pub(super) fn token_change(
    change: &TokenChange,
    before: Option<&Token>,
    after: &Token,
) -> Option<(Action, Details)> {
    let told = named(after);
    Some(match change {
        TokenChange::Create(_) => (Action::TokenCreate, creation(told, after)),
        TokenChange::Update(_) => (Action::TokenUpdate, update(told, before?, after)?),
        TokenChange::Rotate(rotation) => {
            let grace = rotation.old_until.seconds() - rotation.now.seconds();
            let told = told.with("grace_period", grace.max(0));
            (Action::TokenRotate, told)
        }
        TokenChange::TopUp(credit) => {
            let told = top_up(told, &credit.top_up, after.balance);
            (Action::TokenTopUp, told)
        }
        TokenChange::Delete(_) => {
            let told = told.with("balance", after.balance.to_string());
            (Action::TokenDelete, told)
        }
    })
}

fn creation(told: Details, token: &Token) -> Details {
    let settings = settings(token).into_iter();
    let stated = settings.filter(|(_, value)| !value.is_null());
    stated.fold(told, |told, (name, value)| told.with(&name, value))
}

fn update(told: Details, before: &Token, after: &Token) -> Option<Details> {
    let pairs = settings(before).into_iter().zip(settings(after));
    let mut changed = pairs.filter(|((_, was), (_, is))| was != is).peekable();
    changed.peek()?;
    Some(changed.fold(told, |told, ((name, was), (_, is))| {
        told.changed(&name, was, is)
    }))
}

/// What was added to a purse, which has `balance` now.
pub(super) fn top_up(told: Details, top_up: &TopUp, balance: Money) -> Details {
    let before = balance.checked_sub(top_up.amount);
    let before = before.map(|before| before.to_string());
    let told = told.with("amount", top_up.amount.to_string()).changed(
        "balance",
        before,
        balance.to_string(),
    );
    match &top_up.note {
        Some(note) => told.with("note", Note::as_str(note)),
        None => told,
    }
}

/// What a new account starts with.
pub(super) fn new_account(credits: Option<Money>) -> Details {
    match credits {
        Some(credits) => Details::none().with("credits", credits.to_string()),
        None => Details::none().with("unlimited", true),
    }
}

/// A token outlives its name.
fn named(token: &Token) -> Details {
    Details::none().with("id", token.id.0)
}

fn settings(token: &Token) -> Map<String, Value> {
    let (settings, balance) = (&token.settings, token.balance);
    let reset = settings.reset;
    let mut told = object(json!({
        "token_type": match settings.kind {
            TokenKind::Live => "api_token",
            TokenKind::Sandbox => "sandbox_api_token",
        },
        "balance": balance.to_string(),
        "active_balance": settings.has_budget,
        "expire_time": settings.expires_at.map(|at| at.to_string()),
        "balance_reset_period": reset.map(|reset| match reset.period {
            ResetPeriod::Daily => "daily",
            ResetPeriod::Weekly => "weekly",
            ResetPeriod::Monthly => "monthly",
        }),
        "balance_reset_amount": reset.map(|reset| reset.amount.to_string()),
        "overdraft": match settings.overdraft {
            Overdraft::Clamp => "clamp",
            Overdraft::Refuse => "refuse",
            Overdraft::Allow => "allow",
        },
        "simulate_budget": settings.simulate_budget,
    }));
    told.extend(rules(
        settings.rules.as_deref().unwrap_or(&Rules::default()),
    ));
    told
}

fn rules(rules: &Rules) -> Map<String, Value> {
    object(json!({
        "allowed_models": list(&rules.allowed_models, ModelPattern::as_str),
        "denied_models": list(&rules.denied_models, ModelPattern::as_str),
        "requests_per_minute": rules.limits.requests_per_minute,
        "tokens_per_minute": rules.limits.tokens_per_minute,
        "max_concurrency": rules.limits.max_concurrency,
        "allowed_ips": list(&rules.allowed_networks, Network::to_string),
        "tags": list(&rules.tags, Tag::as_str),
        "response_cache_seconds": rules.response_cache_seconds,
    }))
}

/// What is empty is no rule.
fn list<'a, T, S>(list: &'a [T], show: impl Fn(&'a T) -> S) -> Option<Vec<S>> {
    (!list.is_empty()).then(|| list.iter().map(show).collect())
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => unreachable!("{other} was written as an object"),
    }
}
