//! What an account has: credits minus charges.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use keypurse_store::{Account, StoreError};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::http::answer::{self, number};
use crate::http::refusal::Refusal;
use crate::management::caller::SignedIn;
use crate::state::AppState;

#[derive(Serialize)]
struct Credits {
    credits: Box<RawValue>,
    /// Calls are admitted whatever the credits are. Absent when false.
    #[serde(skip_serializing_if = "Option::is_none")]
    unlimited: Option<bool>,
}

/// `GET /v2/cost_management/credits/`
pub(super) async fn show(
    State(state): State<AppState>,
    signed_in: SignedIn,
) -> Result<Response, Refusal> {
    if signed_in.caller.token().is_some() {
        let reason = "You do not have permission to access this resource";
        return Err(Refusal::Forbidden { reason });
    }
    let id = signed_in.caller.account();
    let account = state.store.account(id).await?;
    let account = account.ok_or_else(|| StoreError::Corrupt(format!("{id} has gone")))?;
    Ok(answer::json(StatusCode::OK, &Credits::from(&account)))
}

impl From<&Account> for Credits {
    fn from(account: &Account) -> Self {
        Self {
            credits: number(account.balance),
            unlimited: account.unlimited.then_some(true),
        }
    }
}
