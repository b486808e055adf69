//! `GET /v2/cost_management/focus/`: costs for FinOps tools, as a table with
//! the columns of FOCUS 1.2.

mod columns;
mod row;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use keypurse_store::{Dimension, Step, StoreError, UsageQuery, Whose};

use super::aside;
use super::parameters::Parameters;
use super::range::{BEGIN, END, Range};
use super::reader::Reader;
use super::selection::Labels;
use crate::http::csv;
use crate::http::refusal::Refusal;
use crate::state::AppState;
use columns::COLUMNS;
use row::{Book, is_charge};

/// A leap year.
const MAX_DAYS: i32 = 366;
const TOO_LONG: &str = "Ensure there are no more than 366 days.";

pub(in crate::management) async fn focus(
    State(state): State<AppState>,
    reader: Reader,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    reader.must_see_all()?;
    let range = read(query.as_deref())?;
    let account = state.store.account(reader.account).await?;
    let gone = || StoreError::Corrupt(format!("{} has gone", reader.account));
    let rows = state.store.usage(question(&reader, range)).await?;
    let labels = state.store.token_labels(reader.account).await?;
    let book = Book {
        account: account.ok_or_else(gone)?,
        labels: Labels::of(labels),
        zone: state.settings.zone.clone(),
    };
    aside(move || {
        let charges = rows.iter().filter(|row| is_charge(row));
        csv::answer(csv::table(COLUMNS, charges.map(|row| book.row(row))))
    })
    .await
}

fn read(query: Option<&str>) -> Result<Range, Refusal> {
    let mut parameters = Parameters::read(query, &[BEGIN, END]);
    let range = Range::read(&mut parameters);
    let is_long = |range: Range| (range.end - range.begin).get_days() >= MAX_DAYS;
    if range.is_some_and(is_long) {
        parameters.faults.add(END, TOO_LONG);
    }
    parameters.done(range)
}

fn question(reader: &Reader, range: Range) -> UsageQuery {
    let Range { begin, end } = range.clipped();
    UsageQuery {
        account: reader.account,
        whose: Whose::All,
        begin,
        end,
        step: Step::Day,
        by: vec![
            Dimension::Token,
            Dimension::Provider,
            Dimension::Model,
            Dimension::Feature,
        ],
        provider: None,
        model: None,
        feature: None,
        status: None,
        detail: true,
    }
}
