//! `GET /v2/alerts/`

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use crate::alerts::wire::AlertAnswer;
use crate::http::answer;
use crate::http::refusal::Refusal;
use crate::management::caller::Holder;
use crate::state::AppState;

pub(in crate::management) async fn list(
    State(state): State<AppState>,
    holder: Holder,
) -> Result<Response, Refusal> {
    let rules = state.store.alerts(holder.account).await?;
    let shown: Vec<_> = rules.iter().map(AlertAnswer::from).collect();
    Ok(answer::json(StatusCode::OK, &shown))
}
