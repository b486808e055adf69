//! Costs as the vendor tells them: by token, period, feature and provider.

mod fold;
mod wire;

use axum::response::Response;
use keypurse_core::money::Money;
use keypurse_store::Costs;

use super::period::Periods;
use super::selection::Selection;
use crate::http::csv::{self, harmless};
use crate::http::pieces;
use crate::http::refusal::Refusal;
use fold::Report;
pub(super) use fold::feature_name;

/// The report as JSON.
pub(super) async fn json(
    costs: Costs,
    selection: Selection,
    periods: Periods,
) -> Result<Response, Refusal> {
    pieces::json(move || wire::Pieces::of(Report::of(costs, selection, &periods))).await
}

/// The report as a table: a row for each provider.
pub(super) fn table(costs: Costs, selection: Selection, periods: &Periods) -> Response {
    let report = &Report::of(costs, selection, periods);
    let rows = report.names.iter().flat_map(|name| {
        let sums = report.sums(name).iter();
        sums.map(move |sum| {
            let provider = harmless(report.provider(sum));
            let (period, feature) = (report.period(sum), sum.feature.as_str());
            let place = [&harmless(&name.name), period, feature, &provider];
            row(place, sum.cost, sum.calls)
        })
    });
    csv::answer(csv::table(wire::COLUMNS, rows))
}

fn row(place: [&str; 4], cost: Money, calls: u64) -> Vec<String> {
    let mut row: Vec<String> = place.map(str::to_owned).into();
    row.extend([cost.to_string(), calls.to_string()]);
    row
}
