//! `PATCH /v2/alerts/{id}/`

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use keypurse_store::{AlertChange, AlertRule, ChangeError};

use super::answer::AlertAnswer;
use super::change::make;
use super::path::AlertPath;
use crate::alerts::rules::{changed_rule, refuse};
use crate::alerts::wish::read;
use crate::http::body::JsonBody;
use crate::http::refusal::Refusal;
use crate::management::caller::Holder;
use crate::management::conditions::Conditions;
use crate::management::kept::Kept;
use crate::state::AppState;

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
        let rule = changed_rule(&state, &seen, wish)?;
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
