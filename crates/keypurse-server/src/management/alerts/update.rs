//! `PATCH /v2/alerts/{id}/`

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use keypurse_core::id::AccountId;
use keypurse_store::{AlertChange, AlertRule, ChangeError};

use super::change::{make, or_before, refuse};
use super::path::AlertPath;
use crate::alerts::wire::AlertAnswer;
use crate::alerts::wish;
use crate::http::body::JsonBody;
use crate::http::json::JsonObject;
use crate::http::refusal::Refusal;
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
        let change = match changed(&state, account, &path, &object).await {
            Ok(change) => change,
            Err(refusal) => return or_before(&state, account, claim, refusal).await,
        };
        let answer = |rule: &AlertRule| Kept::json(StatusCode::OK, &AlertAnswer::from(rule));
        match make(&state, change, claim, answer).await {
            Err(ChangeError::Stale) => {}
            made => return made.map_err(refuse),
        }
    }
    Err(Refusal::Stale)
}

/// The alert as it is, and as it shall be.
async fn changed(
    state: &Node,
    account: AccountId,
    path: &AlertPath,
    object: &JsonObject<'_>,
) -> Result<AlertChange, Refusal> {
    let seen = state.store.alert(account, path.id()?).await?;
    let seen = seen.ok_or(Refusal::NoSuchAlert)?;
    let wish = wish::read(state, account, object, Some(&seen)).await?;
    let rule = wish::over(state, &seen, wish)?;
    let now = state.now();
    Ok(AlertChange::Update { seen, rule, now })
}
