//! The explorer: a question as a form, and its answer.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use keypurse_core::id::AccountId;
use keypurse_store::Feature;

use super::query::{CostsQuery, Period, STATUSES, STEPS};
use crate::dashboard::begun::Begun;
use crate::dashboard::charts::Chart;
use crate::dashboard::form::Form;
use crate::dashboard::frame::{Frame, Place};
use crate::dashboard::session::Viewer;
use crate::dashboard::tokens::path_of;
use crate::dashboard::trouble::Trouble;
use crate::dashboard::usage::{
    Calendar, Explored, Explorer, GroupBy, Line, Metric, Question, Totals,
};
use crate::state::AppState;

/// Lines on the page; the table to download has all.
const MOST_LINES: usize = 100;

#[derive(Template)]
#[template(path = "costs.html")]
struct CostsPage {
    frame: Frame,
    query: CostsQuery,
    providers: Vec<String>,
    table_path: String,
    chart: Chart,
    lines: Vec<Shown>,
    /// Lines that are not shown.
    left_out: usize,
    total: Totals,
    total_before: Totals,
}

/// A line as the page has it.
struct Shown {
    name: String,
    /// Where more is said of it.
    path: Option<String>,
    now: Totals,
    before: Totals,
}

/// `GET /costs`
pub(in crate::dashboard) async fn show(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
    viewer: Viewer,
) -> Result<Response, Trouble> {
    let calendar = Calendar::of(&state);
    let form = Form::parse(query.unwrap_or_default().as_bytes());
    let query = CostsQuery::read(&form, calendar.today());
    let frame = Frame::of(&viewer, Place::Costs);
    let begun = Begun {
        title: Place::Costs.name().to_owned(),
        frame: frame.clone(),
        is_live: false,
    };
    begun
        .show(async move { read(&state, (viewer.account.id, calendar), query, frame).await })
        .await
}

async fn read(
    state: &AppState,
    (account, calendar): (AccountId, Calendar),
    query: CostsQuery,
    frame: Frame,
) -> Result<CostsPage, Trouble> {
    let question = question(&query, account, calendar);
    let explorer = Explorer::new(question, &*state.store).await?;
    let explored = explorer.compare().await?;
    let plot = explorer.plot(&explored.lines, query.step).await?;
    let title = format!(
        "{} by {}, {}",
        query.metric.title(),
        query.by.title().to_lowercase(),
        query.range.title()
    );
    let providers = state.gateway.provider_names();
    let Explored {
        lines,
        total,
        total_before,
    } = explored;
    Ok(CostsPage {
        frame,
        providers: providers.into_iter().map(str::to_owned).collect(),
        table_path: query.address("/costs.csv", &[]),
        chart: Chart::of(title, &plot, query.metric),
        left_out: lines.len().saturating_sub(MOST_LINES),
        lines: lines
            .iter()
            .take(MOST_LINES)
            .map(|line| Shown::of(line, &query))
            .collect(),
        total,
        total_before,
        query,
    })
}

/// What a query asks of the reports.
pub(super) fn question(query: &CostsQuery, account: AccountId, calendar: Calendar) -> Question {
    Question {
        account,
        calendar,
        range: query.range,
        by: query.by,
        filters: query.filters.clone(),
        metric: query.metric,
        detail: true,
    }
}

impl Shown {
    fn of(line: &Line, query: &CostsQuery) -> Self {
        let path = match query.by {
            GroupBy::Token => line.token.map(path_of),
            GroupBy::Provider => {
                let narrowed = [("by", "model"), ("provider", &*line.name)];
                Some(query.address("/costs", &narrowed))
            }
            GroupBy::Model => {
                let narrowed = [("by", "token"), ("model", &*line.name)];
                Some(query.address("/costs", &narrowed))
            }
            GroupBy::Tag if !line.name.is_empty() => {
                let narrowed = [("by", "token"), ("tag", &*line.name)];
                Some(query.address("/costs", &narrowed))
            }
            GroupBy::Tag | GroupBy::Feature | GroupBy::Status => None,
        };
        Self {
            name: query.by.shown(&line.name).to_owned(),
            path,
            now: line.now,
            before: line.before,
        }
    }
}
