//! `GET /v2/user/custom_token/{name}/ledger/`: the statement of a token.

mod csv;
mod wire;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::header::LINK;
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use keypurse_store::StatementPage;

use super::path::NamePath;
use crate::http::answer;
use crate::http::csv as http_csv;
use crate::http::refusal::Refusal;
use crate::management::caller::Manager;
use crate::management::page::{Page, Place};
use crate::state::AppState;
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
    let asked = Page::read(query.as_deref(), Place::BEFORE).map_err(Refusal::Invalid)?;
    let token = state.store.token(manager.account, &path.name()?).await?;
    let token = token.ok_or(Refusal::NoSuchToken)?;
    let page = StatementPage {
        token: token.id,
        before: asked.before,
        limit: asked.and_one(),
    };
    let mut lines = state.store.statement(page).await?;
    let next = asked.cut(&mut lines, |line| line.line);
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
            asked.limit
        );
        let link = HeaderValue::try_from(link).expect("a path and numbers are ASCII");
        response.headers_mut().insert(LINK, link);
    }
    Ok(response)
}
