//! `POST /v2/user/custom_token/{name}/rotate/`

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use keypurse_store::{Token, failpoint};

use super::change::{Request, respond};
use super::path::NamePath;
use super::wire::TokenAnswer;
use crate::http::body::JsonBody;
use crate::http::refusal::Refusal;
use crate::management::caller::Manager;
use crate::management::conditions::Conditions;
use crate::management::kept::Kept;
use crate::state::AppState;
use crate::tokens::wire::read_rotation;
use crate::tokens::{RotationWish, etag, rotate_change};

pub(in crate::management) async fn rotate(
    State(state): State<AppState>,
    manager: Manager,
    path: NamePath,
    conditions: Conditions,
    body: JsonBody,
) -> Result<Response, Refusal> {
    let request = Request::read(&conditions, &manager, body.bytes())?;
    let grace_seconds = read_rotation(&body.object_or_empty()?).map_err(Refusal::Invalid)?;
    let name = path.name()?;
    let now = state.now();
    let wish = RotationWish {
        account: manager.account,
        name,
        grace_seconds,
    };
    let (change, secret) = rotate_change(&state, wish, now).await?;
    let proven = state.clock.proven();
    let answer = move |token: &Token| {
        Kept::json(StatusCode::OK, &TokenAnswer::updated(token, proven))
            .tagged(etag(token))
            .showing_secret_of(token)
    };
    failpoint::reach("token.before-rotate");
    let outcome = request.make(&state, change, answer).await?;
    failpoint::reach("token.rotated");
    respond(&state, outcome, Some(secret)).await
}
