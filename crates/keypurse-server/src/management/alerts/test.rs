//! `POST /v2/alerts/{id}/test/`: an imagined event, sent at once.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use keypurse_store::{Made, Once};
use serde::Serialize;

use super::path::AlertPath;
use crate::alerts::{self, Tested};
use crate::http::refusal::Refusal;
use crate::management::caller::Holder;
use crate::management::conditions::Conditions;
use crate::management::kept::{Kept, Told};
use crate::state::AppState;

#[derive(Serialize)]
struct TestedAnswer<'a> {
    event: &'a str,
    delivered: bool,
    status: Option<u16>,
    error: Option<&'a str>,
    took_ms: u32,
}

pub(in crate::management) async fn test(
    State(state): State<AppState>,
    holder: Holder,
    path: AlertPath,
    conditions: Conditions,
) -> Result<Response, Refusal> {
    let claim = conditions.claim(holder.account, b"")?;
    let rule = state.store.alert(holder.account, path.id()?).await?;
    let rule = rule.ok_or(Refusal::NoSuchAlert)?;
    let once = claim.map(|claim| Once {
        claim,
        render: Box::new(|tested: &Tested| answer(tested).to_bytes()),
    });
    Ok(match alerts::test(&state, rule, once).await? {
        Made::Now(tested) => answer(&tested).respond(None, Told::First),
        Made::Before(kept) => Kept::from_bytes(&kept)?.respond(None, Told::Again),
    })
}

fn answer(Tested { event, sent }: &Tested) -> Kept {
    let tested = TestedAnswer {
        event,
        delivered: sent.is_taken(),
        status: sent.status,
        error: sent.error.as_deref(),
        took_ms: sent.took_ms,
    };
    Kept::json(StatusCode::OK, &tested)
}
