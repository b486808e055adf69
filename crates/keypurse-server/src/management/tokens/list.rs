//! `GET /v2/user/custom_token/`

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use super::wire::TokenAnswer;
use crate::http::answer;
use crate::http::refusal::Refusal;
use crate::management::caller::Manager;
use crate::state::AppState;
use crate::tokens::revealed;

pub(in crate::management) async fn list(
    State(state): State<AppState>,
    manager: Manager,
) -> Result<Response, Refusal> {
    let proven = state.clock.proven();
    let tokens = state.store.tokens(manager.account).await?;
    let shown: Vec<_> = tokens
        .iter()
        .map(|token| TokenAnswer::shown(token, proven, revealed(&state, token)))
        .collect();
    Ok(answer::json(StatusCode::OK, &shown))
}
