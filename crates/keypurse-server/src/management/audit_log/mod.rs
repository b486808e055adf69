//! `GET /v2/audit_log/`: who changed what, when and from where.

mod query;
mod wire;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::StatusCode;
use keypurse_store::AuditPage;

use crate::http::answer;
use crate::http::refusal::Refusal;
use crate::management::caller::Holder;
use crate::state::AppState;
use query::AuditQuery;
use wire::Page;

pub(super) async fn show(
    State(state): State<AppState>,
    holder: Holder,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let query = AuditQuery::read(query.as_deref()).map_err(Refusal::Invalid)?;
    let page = AuditPage {
        account: holder.account,
        before: query.cursor,
        // One more tells whether there is another page.
        limit: query.limit + 1,
    };
    let mut records = state.store.audit_page(page).await?;
    let has_more = records.len() > query.limit;
    records.truncate(query.limit);
    let page = Page::of(&records, has_more)?;
    Ok(answer::json(StatusCode::OK, &page))
}
