//! What an account has: credits minus charges.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use keypurse_store::{Account, AccountTopUp, StoreError};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::http::answer::{self, number};
use crate::http::body::JsonBody;
use crate::http::refusal::Refusal;
use crate::management::caller::{Holder, Onlooker};
use crate::management::conditions::{Answer, Conditions, Outcome, once};
use crate::management::kept::{Kept, Told};
use crate::state::AppState;
use crate::tokens::refuse;
use crate::tokens::wire::read_top_up;

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
    onlooker: Onlooker,
) -> Result<Response, Refusal> {
    let id = onlooker.of_account()?;
    let account = state.store.account(id).await?;
    let account = account.ok_or_else(|| StoreError::Corrupt(format!("{id} has gone")))?;
    Ok(answer::json(StatusCode::OK, &Credits::from(&account)))
}

/// `POST /v2/cost_management/credits/top_up/`
pub(super) async fn top_up(
    State(state): State<AppState>,
    holder: Holder,
    conditions: Conditions,
    body: JsonBody,
) -> Result<Response, Refusal> {
    let claim = conditions.claim(holder.account, body.bytes())?;
    let top_up = read_top_up(&body.object()?).map_err(Refusal::Invalid)?;
    let credit = AccountTopUp {
        account: holder.account,
        top_up,
    };
    let answer: Answer<Account> =
        Arc::new(|account| Kept::json(StatusCode::OK, &Credits::from(account)));
    let made = state.store.top_up_account(credit, once(claim, &answer));
    let made = made.await.map_err(refuse)?;
    Ok(match Outcome::of(made, &answer)? {
        Outcome::First(kept, _) => kept.respond(None, Told::First),
        Outcome::Again(kept) => kept.respond(None, Told::Again),
    })
}

impl From<&Account> for Credits {
    fn from(account: &Account) -> Self {
        Self {
            credits: number(account.balance),
            unlimited: account.unlimited.then_some(true),
        }
    }
}
