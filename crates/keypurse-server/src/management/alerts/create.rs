//! `POST /v2/alerts/`

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use keypurse_store::{AlertChange, AlertRule};

use super::change::{make, or_before, refuse};
use crate::alerts::wire::AlertAnswer;
use crate::alerts::wish;
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
    let wish = match wish::read(&state, account, &body.object()?, None).await {
        Ok(wish) => wish,
        Err(refusal) => return or_before(&state, account, claim, refusal).await,
    };
    let rule = wish::new_rule(&state, account, wish);
    let answer = |rule: &AlertRule| Kept::json(StatusCode::CREATED, &AlertAnswer::from(rule));
    let made = make(&state, AlertChange::Create(rule), claim, answer).await;
    made.map_err(refuse)
}
