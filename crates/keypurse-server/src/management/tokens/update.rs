//! `PATCH /v2/user/custom_token/{name}/`

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use keypurse_store::{TokenUpdate, UpdateTokenError};

use super::path::NamePath;
use super::wire::{TokenAnswer, read_update, settings_faults};
use crate::http::answer;
use crate::http::body::JsonBody;
use crate::http::refusal::Refusal;
use crate::management::caller::Manager;
use crate::state::AppState;

pub(in crate::management) async fn update(
    State(state): State<AppState>,
    manager: Manager,
    path: NamePath,
    body: JsonBody,
) -> Result<Response, Refusal> {
    let change = read_update(&body.object_or_empty()?).map_err(Refusal::Invalid)?;
    let now = state.now();
    let update = TokenUpdate {
        account: manager.account,
        name: path.name()?,
        change,
        now,
    };
    let token = state.store.update_token(update).await.map_err(refuse)?;
    let token = token.ok_or(Refusal::NoSuchToken)?;
    let body = TokenAnswer::updated(&token, now);
    Ok(answer::json(StatusCode::OK, &body))
}

fn refuse(error: UpdateTokenError) -> Refusal {
    match error {
        UpdateTokenError::Invalid(errors) => Refusal::Invalid(settings_faults(&errors)),
        UpdateTokenError::Store(cause) => Refusal::Unavailable(cause),
    }
}
