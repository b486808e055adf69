//! `GET /v2/user/custom_token/me/`

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use super::wire::Oneself;
use crate::http::answer;
use crate::http::refusal::Refusal;
use crate::management::caller::{SignedIn, UNKNOWN};
use crate::state::AppState;

pub(in crate::management) async fn me(
    State(state): State<AppState>,
    signed_in: SignedIn,
) -> Result<Response, Refusal> {
    let Some(credential) = signed_in.caller.token() else {
        let reason = "This is a custom token's view of itself; an account key has none";
        return Err(Refusal::Forbidden { reason });
    };
    let token = state.store.token_by_id(credential.token).await?;
    // Deleted since it was recognised.
    let token = token.ok_or(Refusal::Unauthenticated { reason: UNKNOWN })?;
    let body = Oneself::of(&token, state.clock.proven(), &signed_in.secret);
    Ok(answer::json(StatusCode::OK, &body))
}
