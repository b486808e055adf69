//! `DELETE /v2/user/custom_token/{name}/`

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use keypurse_core::id::AccountId;
use keypurse_core::token::TokenName;
use keypurse_store::{Deletion, Token, TokenChange, failpoint};

use super::change::{Request, respond};
use super::path::NamePath;
use crate::http::refusal::Refusal;
use crate::management::caller::Manager;
use crate::management::conditions::{Conditions, Outcome};
use crate::management::kept::Kept;
use crate::state::AppState;
use crate::tokens::end_calls_of;

pub(in crate::management) async fn delete(
    State(state): State<AppState>,
    manager: Manager,
    path: NamePath,
    conditions: Conditions,
) -> Result<Response, Refusal> {
    let request = Request::read(&conditions, &manager, b"")?;
    let name = path.name()?;
    // A task of its own: the deletion happens even when its client hangs up,
    // and then running streams have to end all the same.
    let deleting = end(state.clone(), request, manager.account, name);
    let outcome = state.tasks.spawn(deleting).await;
    respond(&state, outcome.map_err(|_| Refusal::Bug)??, None).await
}

async fn end(
    state: AppState,
    request: Request,
    account: AccountId,
    name: TokenName,
) -> Result<Outcome<Token>, Refusal> {
    let now = state.now();
    let change = TokenChange::Delete(Deletion { account, name, now });
    let answer = |_: &Token| Kept::empty(StatusCode::NO_CONTENT);
    failpoint::reach("token.before-delete");
    let outcome = request.make(&state, change, answer).await?;
    failpoint::reach("token.deleted");
    if let Outcome::First(_, token) = &outcome {
        end_calls_of(&state, token);
    }
    Ok(outcome)
}
