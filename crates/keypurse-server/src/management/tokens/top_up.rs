//! `POST /v2/user/custom_token/{name}/top_up/`

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use keypurse_store::{Token, TokenChange, TokenTopUp};

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
use crate::tokens::wire::read_top_up;

pub(in crate::management) async fn top_up(
    State(state): State<AppState>,
    manager: Manager,
    path: NamePath,
    conditions: Conditions,
    body: JsonBody,
) -> Result<Response, Refusal> {
    let request = Request::read(&conditions, &manager, body.bytes())?;
    let top_up = read_top_up(&body.object()?).map_err(Refusal::Invalid)?;
    let change = TokenChange::TopUp(TokenTopUp {
        account: manager.account,
        name: path.name()?,
        top_up,
    });
    let proven = state.clock.proven();
    let answer = move |token: &Token| {
        Kept::json(StatusCode::OK, &TokenAnswer::updated(token, proven))
            .tagged(etag(token))
            .showing_secret_of(token)
    };
    let outcome = request.make(&state, change, answer).await?;
    respond(&state, outcome, None).await
}
