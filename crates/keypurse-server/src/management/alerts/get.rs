//! `GET /v2/alerts/{id}/`

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use super::path::AlertPath;
use crate::alerts::wire::AlertAnswer;
use crate::http::answer;
use crate::http::refusal::Refusal;
use crate::management::caller::Holder;
use crate::state::AppState;

pub(in crate::management) async fn get(
    State(state): State<AppState>,
    holder: Holder,
    path: AlertPath,
) -> Result<Response, Refusal> {
    let rule = state.store.alert(holder.account, path.id()?).await?;
    let rule = rule.ok_or(Refusal::NoSuchAlert)?;
    Ok(answer::json(StatusCode::OK, &AlertAnswer::from(&rule)))
}
