//! `POST /v2/user/custom_token/{name}/rotate/`

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use keypurse_core::token::TokenKind;
use keypurse_store::{Rotation, Token, TokenChange, failpoint};

use super::change::{Request, respond};
use super::etag::etag;
use super::path::NamePath;
use super::secrets::FreshSecret;
use super::wire::{TokenAnswer, read_rotation};
use crate::http::body::JsonBody;
use crate::http::refusal::Refusal;
use crate::management::caller::Manager;
use crate::management::conditions::Conditions;
use crate::management::kept::Kept;
use crate::state::AppState;

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
    // The secret says whether it is for the sandbox, and a token's kind never
    // changes: it may be looked up before the step that rotates. That step
    // says whether there is a token, as this may be a repetition.
    let stored = state.store.token(manager.account, &name).await?;
    let kind = stored.map_or(TokenKind::Live, |token| token.settings.kind);
    let now = state.now();
    let FreshSecret {
        secret,
        digest,
        sealed,
        keys,
    } = FreshSecret::generate(&state, kind);
    let change = TokenChange::Rotate(Rotation {
        account: manager.account,
        name,
        digest,
        sealed,
        keys,
        old_until: now.plus_seconds(grace_seconds),
        now,
    });
    let answer = move |token: &Token| {
        Kept::json(StatusCode::OK, &TokenAnswer::updated(token, now))
            .tagged(etag(token))
            .showing_secret_of(token)
    };
    failpoint::reach("token.before-rotate");
    let outcome = request.make(&state, change, answer).await?;
    failpoint::reach("token.rotated");
    respond(&state, outcome, Some(secret)).await
}
