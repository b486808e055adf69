//! `POST /v2/user/custom_token/`

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use keypurse_store::{Token, failpoint};

use super::change::{Request, respond};
use super::wire::TokenAnswer;
use crate::http::body::JsonBody;
use crate::http::refusal::Refusal;
use crate::management::caller::Manager;
use crate::management::conditions::Conditions;
use crate::management::kept::Kept;
use crate::state::AppState;
use crate::tokens::wire::read_creation;
use crate::tokens::{create_change, etag, with_taken};

pub(in crate::management) async fn create(
    State(state): State<AppState>,
    manager: Manager,
    conditions: Conditions,
    body: JsonBody,
) -> Result<Response, Refusal> {
    let request = Request::new_token(&conditions, &manager, body.bytes())?;
    let creation = match read_creation(&body.object()?) {
        Ok(creation) => creation,
        Err(refused) => return Err(with_taken(&state, manager.account, refused).await),
    };
    let now = state.now();
    let (change, secret) = create_change(&state, manager.account, creation, now)?;
    let proven = state.clock.proven();
    let answer = move |token: &Token| {
        Kept::json(StatusCode::CREATED, &TokenAnswer::created(token, proven))
            .tagged(etag(token))
            .showing_secret_of(token)
    };
    failpoint::reach("token.before-create");
    let outcome = request.make(&state, change, answer).await?;
    failpoint::reach("token.created");
    respond(&state, outcome, Some(secret)).await
}
