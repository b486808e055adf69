//! `POST /v2/alerts/`

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use keypurse_core::alert::AlertId;
use keypurse_store::{AlertChange, AlertRule};

use super::answer::AlertAnswer;
use super::change::{make, refuse};
use super::wire::read;
use crate::alerts::seal;
use crate::http::body::JsonBody;
use crate::http::refusal::Refusal;
use crate::management::caller::Holder;
use crate::management::conditions::Conditions;
use crate::management::kept::Kept;
use crate::state::AppState;

pub(in crate::management) async fn create(
    State(state): State<AppState>,
    holder: Holder,
    conditions: Conditions,
    body: JsonBody,
) -> Result<Response, Refusal> {
    let account = holder.account;
    let claim = conditions.claim(account, body.bytes())?;
    let wish = read(&state, account, &body.object()?, None).await?;
    let now = state.now();
    let mut random = [0; 8];
    state.entropy.fill(&mut random);
    let id = AlertId::from_random(random);
    let webhook = wish.webhook.flatten().and_then(|wish| wish.over(None));
    let keyring = state.vault.keyring();
    let rule = AlertRule {
        id,
        account,
        name: wish.name,
        scope: wish.scope,
        condition: wish.condition,
        webhook: webhook.map(|webhook| seal(&keyring, (account, id), &webhook)),
        is_enabled: wish.is_enabled,
        since: now,
        created_at: now,
    };
    let answer = |rule: &AlertRule| Kept::json(StatusCode::CREATED, &AlertAnswer::from(rule));
    let made = make(&state, AlertChange::Create(rule), claim, answer).await;
    made.map_err(refuse)
}
