//! `GET /v2/user/custom_token/{name}/ledger/`: the statement of a token.

mod csv;
mod query;
mod wire;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::header::LINK;
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use keypurse_store::{StatementLine, StatementPage};

use super::path::NamePath;
use crate::http::answer;
use crate::http::csv as http_csv;
use crate::http::refusal::Refusal;
use crate::management::caller::Manager;
use crate::state::AppState;
use query::LedgerQuery;
use wire::Statement;
pub(in crate::management) use wire::UsedUnits;

pub(in crate::management) async fn ledger(
    State(state): State<AppState>,
    manager: Manager,
    path: NamePath,
    RawQuery(query): RawQuery,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let query = LedgerQuery::read(query.as_deref()).map_err(Refusal::Invalid)?;
    let token = state.store.token(manager.account, &path.name()?).await?;
    let token = token.ok_or(Refusal::NoSuchToken)?;
    let page = StatementPage {
        token: token.id,
        before: query.before,
        // One more tells whether there is another page.
        limit: query.limit + 1,
    };
    let mut lines = state.store.statement(page).await?;
    let next = next_page(&mut lines, query.limit);
    let mut response = if http_csv::is_preferred(&headers) {
        csv::answer(&lines)
    } else {
        let name = token.settings.name.as_str();
        answer::json(StatusCode::OK, &Statement::of(name, &lines, next))
    };
    if let Some(before) = next {
        let link = format!(
            "<{}?before={before}&limit={}>; rel=\"next\"",
            uri.path(),
            query.limit
        );
        let link = HeaderValue::try_from(link).expect("a path and numbers are ASCII");
        response.headers_mut().insert(LINK, link);
    }
    Ok(response)
}

/// Cuts what was read beyond the page; before which line the next one is.
fn next_page(lines: &mut Vec<StatementLine>, limit: usize) -> Option<i64> {
    let has_more = lines.len() > limit;
    lines.truncate(limit);
    lines.last().filter(|_| has_more).map(|line| line.line)
}
