//! Costs as the vendor tells them: by token, period, feature and provider.

mod fold;
mod wire;

use axum::response::Response;
use http::StatusCode;
use keypurse_core::money::Money;
use keypurse_store::{Dimension, UsageRow};

use super::period::Periods;
use super::selection::Selection;
use crate::http::answer;
use crate::http::csv::{self, harmless};
use fold::Costs;
pub(super) use fold::feature_name;

/// What has to be told apart.
pub(super) const DIMENSIONS: [Dimension; 3] =
    [Dimension::Token, Dimension::Provider, Dimension::Feature];

/// The report as JSON.
pub(super) fn json(rows: Vec<UsageRow>, selection: &Selection, periods: &Periods) -> Response {
    let costs = Costs::of(rows, selection, periods);
    answer::json(StatusCode::OK, &wire::Report::of(&costs))
}

/// The report as a table: a row for each provider.
pub(super) fn table(rows: Vec<UsageRow>, selection: &Selection, periods: &Periods) -> Response {
    let costs = Costs::of(rows, selection, periods);
    let rows = costs.flat().map(|(place, calls, cost)| {
        let [token, period, feature, provider] = place;
        row(
            [&harmless(token), period, feature, &harmless(provider)],
            cost,
            calls,
        )
    });
    csv::answer(csv::table(wire::COLUMNS, rows))
}

fn row(place: [&str; 4], cost: Money, calls: u64) -> Vec<String> {
    let mut row: Vec<String> = place.map(str::to_owned).into();
    row.extend([cost.to_string(), calls.to_string()]);
    row
}
