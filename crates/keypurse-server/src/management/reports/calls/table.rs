//! Calls as a table.

use axum::response::Response;
use keypurse_core::usage::{Certainty, TokenCounts};
use keypurse_store::ListedCall;

use super::wire::{cost, latency_ms};
use crate::http::csv::{self, harmless};
use crate::management::reports::selection::Labels;

const COLUMNS: [&str; 16] = [
    "request_id",
    "token",
    "provider",
    "model",
    "feature",
    "streamed",
    "status",
    "outcome",
    "estimated",
    "cost",
    "rehearsed_cost",
    "house",
    "tier",
    "started_at",
    "finished_at",
    "latency_ms",
];

/// One call a row.
pub(super) fn answer(calls: &[ListedCall], labels: &Labels) -> Response {
    let columns = COLUMNS.into_iter().chain(TokenCounts::NAMES);
    csv::answer(csv::table(
        columns,
        calls.iter().map(|call| row(call, labels)),
    ))
}

fn row(call: &ListedCall, labels: &Labels) -> Vec<String> {
    let record = &call.record;
    let rehearsed = call.rehearsed.then(|| call.charged.to_string());
    let mut row = vec![
        record.call.to_string(),
        harmless(&labels.name(call.token)),
        harmless(&record.provider),
        harmless(&record.model),
        record.feature.as_str().to_owned(),
        record.streamed.to_string(),
        record.status.to_string(),
        record.state.as_str().to_owned(),
        (record.certainty == Certainty::Estimated).to_string(),
        cost(call).to_string(),
        rehearsed.unwrap_or_default(),
        record.house.to_string(),
        record.counts.tier.as_str().to_owned(),
        record.started_at.to_string(),
        call.finished_at.to_string(),
        latency_ms(call).to_string(),
    ];
    row.extend(record.counts.named().map(|(_, count)| count.to_string()));
    row
}
