//! `PATCH /v2/alerts/{id}/`

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use keypurse_store::{AlertChange, AlertRule, ChangeError, SealedWebhook};

use super::answer::AlertAnswer;
use super::change::{make, refuse};
use super::path::AlertPath;
use super::webhook::WebhookWish;
use super::wire::read;
use crate::alerts::{seal, unseal};
use crate::http::body::JsonBody;
use crate::http::refusal::{FieldFaults, Refusal};
use crate::management::caller::Holder;
use crate::management::conditions::Conditions;
use crate::management::kept::Kept;
use crate::state::{AppState, State as Node};

/// How often a change is made anew because another one was faster.
const TRIES: usize = 8;

pub(in crate::management) async fn update(
    State(state): State<AppState>,
    holder: Holder,
    path: AlertPath,
    conditions: Conditions,
    body: JsonBody,
) -> Result<Response, Refusal> {
    let account = holder.account;
    let claim = conditions.claim(account, body.bytes())?;
    let object = body.object_or_empty()?;
    for _ in 0..TRIES {
        let seen = state.store.alert(account, path.id()?).await?;
        let seen = seen.ok_or(Refusal::NoSuchAlert)?;
        let wish = read(&state, account, &object, Some(&seen)).await?;
        let webhook = match wish.webhook {
            None => seen.webhook.clone(),
            Some(None) => None,
            Some(Some(wish)) => Some(merged(&state, &seen, wish)?),
        };
        let rule = AlertRule {
            name: wish.name,
            scope: wish.scope,
            condition: wish.condition,
            webhook,
            is_enabled: wish.is_enabled,
            ..seen.clone()
        };
        let now = state.now();
        let change = AlertChange::Update { seen, rule, now };
        let answer = |rule: &AlertRule| Kept::json(StatusCode::OK, &AlertAnswer::from(rule));
        match make(&state, change, claim, answer).await {
            Err(ChangeError::Stale) => {}
            made => return made.map_err(refuse),
        }
    }
    Err(Refusal::Stale)
}

fn merged(state: &Node, seen: &AlertRule, wish: WebhookWish) -> Result<SealedWebhook, Refusal> {
    let keyring = state.vault.keyring();
    // One that does not open any more can be replaced.
    let current = unseal(&keyring, seen).ok().flatten();
    let webhook = wish.over(current).ok_or_else(|| {
        let mut faults = FieldFaults::default();
        let reason = "The stored webhook does not open with this master key; send `url` and \
             `secret` anew.";
        faults.add("webhook", reason);
        Refusal::Invalid(faults)
    })?;
    Ok(seal(&keyring, (seen.account, seen.id), &webhook))
}
