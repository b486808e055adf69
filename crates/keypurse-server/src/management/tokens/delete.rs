//! `DELETE /v2/user/custom_token/{name}/`

use axum::extract::State;
use http::StatusCode;
use keypurse_core::id::{AccountId, TokenId};
use keypurse_core::token::TokenName;
use keypurse_store::{StoreError, failpoint};

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
    // A task of its own: the deletion happens even when its client hangs up,
    // and then running streams have to end all the same.
    let deleting = state.tasks.spawn(end(state.clone(), manager.account, name));
    match deleting.await {
        Ok(Ok(Some(_))) => Ok(StatusCode::NO_CONTENT),
        Ok(Ok(None)) => Err(Refusal::NoSuchToken),
        Ok(Err(cause)) => Err(Refusal::Unavailable(cause)),
        Err(_) => Err(Refusal::Bug),
    }
}

async fn end(
    state: AppState,
    account: AccountId,
    name: TokenName,
) -> Result<Option<TokenId>, StoreError> {
    failpoint::reach("token.before-delete");
    let deleted = state
        .store
        .delete_token(account, &name, state.now())
        .await?;
    failpoint::reach("token.deleted");
    if let Some(id) = deleted {
        state.revocations.revoke(id);
    }
    Ok(deleted)
}
