//! `POST /v2/user/custom_token/{name}/rotate/`

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use keypurse_store::{Rotation, failpoint};

use super::path::NamePath;
use super::secrets::FreshSecret;
use super::wire::{TokenAnswer, read_rotation};
use crate::http::answer;
use crate::http::body::JsonBody;
use crate::http::refusal::Refusal;
use crate::management::caller::Manager;
use crate::state::AppState;

pub(in crate::management) async fn rotate(
    State(state): State<AppState>,
    manager: Manager,
    path: NamePath,
    body: JsonBody,
) -> Result<Response, Refusal> {
    let grace_seconds = read_rotation(&body.object_or_empty()?).map_err(Refusal::Invalid)?;
    let name = path.name()?;
    // The secret says whether it is for the sandbox, and a token's kind never
    // changes: it may be looked up before the step that rotates.
    let stored = state.store.token(manager.account, &name).await?;
    let kind = stored.ok_or(Refusal::NoSuchToken)?.settings.kind;
    let now = state.now();
    let FreshSecret {
        secret,
        digest,
        sealed,
    } = FreshSecret::generate(&state, kind);
    let rotation = Rotation {
        account: manager.account,
        name,
        digest,
        sealed,
        old_until: now.plus_seconds(grace_seconds),
        now,
    };
    failpoint::reach("token.before-rotate");
    let token = state.store.rotate_token(rotation).await?;
    failpoint::reach("token.rotated");
    let token = token.ok_or(Refusal::NoSuchToken)?;
    let body = TokenAnswer::shown(&token, now, Some(secret));
    Ok(answer::json(StatusCode::OK, &body))
}
