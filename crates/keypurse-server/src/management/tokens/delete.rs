//! `DELETE /v2/user/custom_token/{name}/`

use axum::extract::State;
use http::StatusCode;

use super::path::NamePath;
use crate::http::refusal::Refusal;
use crate::management::caller::Manager;
use crate::state::AppState;

pub(in crate::management) async fn delete(
    State(state): State<AppState>,
    manager: Manager,
    path: NamePath,
) -> Result<StatusCode, Refusal> {
    let name = path.name()?;
    let deleted = state
        .store
        .delete_token(manager.account, &name, state.now());
    let id = deleted.await?.ok_or(Refusal::NoSuchToken)?;
    state.revocations.revoke(id);
    Ok(StatusCode::NO_CONTENT)
}
