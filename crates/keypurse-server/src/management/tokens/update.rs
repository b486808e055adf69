//! `PATCH /v2/user/custom_token/{name}/`

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use keypurse_store::{Token, TokenChange, TokenUpdate};

use super::change::{Request, respond};
use super::path::NamePath;
use super::wire::TokenAnswer;
use crate::http::body::JsonBody;
use crate::http::refusal::Refusal;
use crate::management::caller::Manager;
use crate::management::conditions::Conditions;
use crate::management::kept::Kept;
use crate::state::AppState;
use crate::tokens::etag;
use crate::tokens::wire::read_update;

pub(in crate::management) async fn update(
    State(state): State<AppState>,
    manager: Manager,
    path: NamePath,
    conditions: Conditions,
    body: JsonBody,
) -> Result<Response, Refusal> {
    let request = Request::read(&conditions, &manager, body.bytes())?;
    let change = read_update(&body.object_or_empty()?).map_err(Refusal::Invalid)?;
    let now = state.now();
    let change = TokenChange::Update(TokenUpdate {
        account: manager.account,
        name: path.name()?,
        change,
        now,
    });
    let proven = state.clock.proven();
    let answer = move |token: &Token| {
        Kept::json(StatusCode::OK, &TokenAnswer::updated(token, proven)).tagged(etag(token))
    };
    let outcome = request.make(&state, change, answer).await?;
    respond(&state, outcome, None).await
}
