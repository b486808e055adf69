//! Sums in groups as a table: a row for each group and period.

use axum::response::Response;
use keypurse_core::usage::TokenCounts;
use keypurse_store::UsageRow;

use super::Group;
use super::fold::{Names, Sums, fold};
use super::wire::PERCENTILES;
use crate::http::csv::{self, harmless};
use crate::management::reports::filters::Filters;
use crate::management::reports::period::Periods;
use crate::management::reports::selection::Selection;

const SUMS: [&str; 5] = ["total_cost", "details", "errors", "simulated", "estimated"];

/// The report as a table.
pub(in crate::management::reports) fn table(
    groups: &[Group],
    rows: Vec<UsageRow>,
    selection: &Selection,
    filters: &Filters,
    periods: &Periods,
) -> Response {
    let names = Names {
        selection,
        filters,
        periods,
    };
    let grouped = fold(groups, rows, &names);
    let rows = grouped.iter().flat_map(|(values, periods)| {
        let periods = periods.iter();
        periods.map(|(period, sums)| row(values, period, sums))
    });
    csv::answer(csv::table(columns(groups), rows))
}

fn columns(groups: &[Group]) -> Vec<String> {
    let groups = groups.iter().map(|group| group.as_str().to_owned());
    let mut columns: Vec<String> = groups.collect();
    columns.push("period".to_owned());
    columns.extend(SUMS.map(str::to_owned));
    columns.extend(TokenCounts::NAMES.map(count_column));
    columns.extend(PERCENTILES.map(|(name, _)| format!("latency_{name}_ms")));
    columns
}

fn count_column(name: &str) -> String {
    match name {
        "input" | "output" => format!("{name}_tokens"),
        part => part.to_owned(),
    }
}

fn row(values: &[Option<String>], period: &str, sums: &Sums) -> Vec<String> {
    let values = values.iter().map(Option::as_deref);
    let values = values.map(|value| harmless(value.unwrap_or_default()));
    let mut row: Vec<String> = values.collect();
    row.extend([period.to_owned(), sums.cost.to_string()]);
    let counts = [sums.calls, sums.errors, sums.simulated, sums.estimated];
    row.extend(counts.map(|count| count.to_string()));
    row.extend(sums.counts.map(|count| count.to_string()));
    let latency = PERCENTILES.map(|(_, rank)| sums.latency.percentile_ms(rank));
    row.extend(latency.map(|ms| ms.map(|ms| ms.to_string()).unwrap_or_default()));
    row
}
