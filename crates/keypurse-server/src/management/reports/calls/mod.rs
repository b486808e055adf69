//! `GET /v2/cost_management/calls/`: the calls themselves, newest first.

mod cursor;
mod query;
mod table;
mod wire;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::header::LINK;
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use keypurse_store::{CallsPage, ListedCall};

use super::parameters;
use super::reader::Reader;
use super::selection::{Selection, select};
use super::summary::refuse_strangers;
use crate::http::refusal::Refusal;
use crate::http::{answer, csv};
use crate::state::AppState;
use query::{CURSOR, CallsQuery};

pub(in crate::management) async fn calls(
    State(state): State<AppState>,
    reader: Reader,
    RawQuery(query): RawQuery,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let query = query.as_deref();
    refuse_strangers(&reader, query)?;
    let asked = CallsQuery::read(query, &state.settings.zone)?;
    let selection = select(&state, &reader, &asked.filters).await?;
    let limit = asked.limit;
    let mut calls = match page(asked, &reader, &selection) {
        Some(page) => state.store.calls(page).await?,
        None => Vec::new(),
    };
    let next = next_page(&mut calls, limit);
    let mut response = if csv::is_preferred(&headers) {
        table::answer(&calls, &selection.labels)
    } else {
        let calls = wire::Calls::of(&calls, &selection.labels, next.as_deref());
        answer::json(StatusCode::OK, &calls)
    };
    if let Some(cursor) = next {
        let query = parameters::with(query, CURSOR, &cursor);
        let link = format!("<{}?{query}>; rel=\"next\"", uri.path());
        let link = HeaderValue::try_from(link).expect("an encoded query is ASCII");
        response.headers_mut().insert(LINK, link);
    }
    Ok(response)
}

/// The question to storage; `None` when nobody's calls are asked for.
fn page(asked: CallsQuery, reader: &Reader, selection: &Selection) -> Option<CallsPage> {
    Some(CallsPage {
        account: reader.account,
        whose: selection.whose.clone()?,
        from: asked.from,
        until: asked.until,
        provider: asked.filters.provider,
        model: asked.filters.model,
        feature: asked.filters.feature,
        status: asked.filters.status,
        before: asked.before,
        // One more tells whether there is another page.
        limit: asked.limit + 1,
    })
}

/// Cuts what was read beyond the page; what to ask the next one with.
fn next_page(calls: &mut Vec<ListedCall>, limit: usize) -> Option<String> {
    let has_more = calls.len() > limit;
    calls.truncate(limit);
    let last = calls.last().filter(|_| has_more)?;
    Some(cursor::after(last.record.call))
}
