//! Sums in groups: `group_by`.

mod fold;
mod group;
mod table;
mod wire;

pub(in crate::management) use group::Group;
pub(super) use group::{GROUP_BY, dimensions, read};
pub(super) use table::table;

use axum::response::Response;
use http::StatusCode;
use keypurse_store::UsageRow;

use super::filters::Filters;
use super::period::Periods;
use super::selection::Selection;
use crate::http::answer;

/// The report as JSON.
pub(super) fn json(
    groups: &[Group],
    rows: Vec<UsageRow>,
    selection: &Selection,
    filters: &Filters,
    periods: &Periods,
) -> Response {
    let names = fold::Names {
        selection,
        filters,
        periods,
    };
    let sums = fold::fold(groups, rows, &names);
    answer::json(StatusCode::OK, &wire::Report::of(groups, &sums))
}
