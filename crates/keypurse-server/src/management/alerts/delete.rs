//! `DELETE /v2/alerts/{id}/`

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use keypurse_store::AlertChange;

use super::change::{make, refuse};
use super::path::AlertPath;
use crate::http::refusal::Refusal;
use crate::management::caller::Holder;
use crate::management::conditions::Conditions;
use crate::management::kept::Kept;
use crate::state::AppState;

pub(in crate::management) async fn delete(
    State(state): State<AppState>,
    holder: Holder,
    path: AlertPath,
    conditions: Conditions,
) -> Result<Response, Refusal> {
    let account = holder.account;
    let claim = conditions.claim(account, b"")?;
    let (id, now) = (path.id()?, state.now());
    let change = AlertChange::Delete { account, id, now };
    let made = make(&state, change, claim, |_| {
        Kept::empty(StatusCode::NO_CONTENT)
    });
    made.await.map_err(refuse)
}
