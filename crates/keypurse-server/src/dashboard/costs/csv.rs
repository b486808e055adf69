//! `GET /costs.csv`: the explorer's lines as a table, all of them.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::HeaderValue;
use http::header::CONTENT_DISPOSITION;

use super::page::question;
use super::query::CostsQuery;
use crate::dashboard::form::Form;
use crate::dashboard::session::Viewer;
use crate::dashboard::trouble::Trouble;
use crate::dashboard::usage::{Calendar, Explorer, Line};
use crate::http::csv;
use crate::state::AppState;

const COLUMNS: [&str; 11] = [
    "name",
    "begin",
    "end",
    "cost",
    "cost_before",
    "calls",
    "errors",
    "input_tokens",
    "output_tokens",
    "p50_ms",
    "p90_ms",
];

/// `GET /costs.csv`
pub(in crate::dashboard) async fn table(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
    viewer: Viewer,
) -> Result<Response, Trouble> {
    let calendar = Calendar::of(&state);
    let form = Form::parse(query.unwrap_or_default().as_bytes());
    let query = CostsQuery::read(&form, calendar.today());
    let question = question(&query, viewer.account.id, calendar);
    let explorer = Explorer::new(question, &*state.store).await?;
    let explored = explorer.compare().await?;
    let rows = explored.lines.iter().map(|line| row(line, &query));
    let mut response = csv::answer(csv::table(COLUMNS, rows));
    let name = format!(
        "attachment; filename=\"keypurse-{}-{}-{}.csv\"",
        query.by.as_str(),
        query.range.begin,
        query.range.end
    );
    let name = HeaderValue::try_from(name).expect("a word and dates are ASCII");
    response.headers_mut().insert(CONTENT_DISPOSITION, name);
    Ok(response)
}

fn row(line: &Line, query: &CostsQuery) -> Vec<String> {
    let percentile = |percent| {
        let millis = line.now.latency.percentile_ms(percent);
        millis.map_or_else(String::new, |millis| millis.to_string())
    };
    vec![
        csv::harmless(&line.name),
        query.range.begin.to_string(),
        query.range.end.to_string(),
        line.now.cost.to_string(),
        line.before.cost.to_string(),
        line.now.calls.to_string(),
        line.now.errors.to_string(),
        line.now.input_tokens.to_string(),
        line.now.output_tokens.to_string(),
        percentile(50),
        percentile(90),
    ]
}
