//! `GET /v2/audit_log/`: who changed what, when and from where.

mod wire;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::StatusCode;
use keypurse_store::AuditPage;

use crate::http::answer;
use crate::http::refusal::Refusal;
use crate::management::caller::Holder;
use crate::management::page::{Page as Asked, Place};
use crate::state::AppState;
use wire::Page;

pub(super) async fn show(
    State(state): State<AppState>,
    holder: Holder,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let asked = Asked::read(query.as_deref(), Place::CURSOR).map_err(Refusal::Invalid)?;
    let page = AuditPage {
        account: holder.account,
        before: asked.before,
        limit: asked.and_one(),
    };
    let mut records = state.store.audit_page(page).await?;
    let next = asked.cut(&mut records, |record| record.seq);
    let page = Page::of(&records, next)?;
    Ok(answer::json(StatusCode::OK, &page))
}
