//! `GET /v2/user/custom_token/{name}/`

use axum::extract::State;
use axum::response::Response;
use http::header::ETAG;
use http::{HeaderValue, StatusCode};

use super::path::NamePath;
use super::wire::TokenAnswer;
use crate::http::answer;
use crate::http::refusal::Refusal;
use crate::management::caller::Manager;
use crate::state::AppState;
use crate::tokens::{etag, revealed};

pub(in crate::management) async fn get(
    State(state): State<AppState>,
    manager: Manager,
    path: NamePath,
) -> Result<Response, Refusal> {
    let token = state.store.token(manager.account, &path.name()?).await?;
    let token = token.ok_or(Refusal::NoSuchToken)?;
    let body = TokenAnswer::shown(&token, state.clock.proven(), revealed(&state, &token));
    let mut response = answer::json(StatusCode::OK, &body);
    let tag = HeaderValue::try_from(etag(&token)).expect("a tag is hexadecimal");
    response.headers_mut().insert(ETAG, tag);
    Ok(response)
}
