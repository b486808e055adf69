//! `POST /v2/alerts/{id}/test/`: an imagined event, sent at once. It changes
//! nothing but the log, so each request sends one.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;

use super::path::AlertPath;
use crate::alerts;
use crate::http::answer;
use crate::http::refusal::Refusal;
use crate::management::caller::Holder;
use crate::state::AppState;

#[derive(Serialize)]
struct Tested {
    event: String,
    delivered: bool,
    status: Option<u16>,
    error: Option<String>,
    took_ms: u32,
}

pub(in crate::management) async fn test(
    State(state): State<AppState>,
    holder: Holder,
    path: AlertPath,
) -> Result<Response, Refusal> {
    let rule = state.store.alert(holder.account, path.id()?).await?;
    let rule = rule.ok_or(Refusal::NoSuchAlert)?;
    let (event, sent) = alerts::test(&state, &rule).await?;
    let tested = Tested {
        event,
        delivered: sent.is_taken(),
        status: sent.status,
        error: sent.error,
        took_ms: sent.took_ms,
    };
    Ok(answer::json(StatusCode::OK, &tested))
}
