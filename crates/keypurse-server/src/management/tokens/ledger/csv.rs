//! A statement as a table.

use axum::response::Response;
use keypurse_core::usage::{Certainty, TokenCounts};
use keypurse_store::{CallRecord, Cause, StatementLine};

use super::wire::kind;
use crate::http::csv::{self, harmless};

const HEAD: [&str; 6] = ["line", "at", "kind", "amount", "balance", "note"];
const OF_CALL: [&str; 14] = [
    "request_id",
    "provider",
    "model",
    "feature",
    "streamed",
    "status",
    "outcome",
    "estimated",
    "held",
    "cost",
    "house",
    "price_version",
    "tier",
    "started_at",
];

/// The lines as a table, one a row, columns that are not a line's own empty.
pub(super) fn answer(lines: &[StatementLine]) -> Response {
    let columns = HEAD.into_iter().chain(OF_CALL).chain(TokenCounts::NAMES);
    csv::answer(csv::table(columns, lines.iter().map(row)))
}

fn row(line: &StatementLine) -> Vec<String> {
    let mut row = vec![
        line.line.to_string(),
        line.at.to_string(),
        kind(&line.cause).to_owned(),
        line.amount.to_string(),
        line.balance_after.to_string(),
    ];
    match &line.cause {
        Cause::Entry { note, .. } => {
            row.push(harmless(note.as_deref().unwrap_or_default()));
            let columns = HEAD.len() + OF_CALL.len() + TokenCounts::NAMES.len();
            row.resize(columns, String::new());
        }
        Cause::Call(call) => {
            row.push(String::new());
            add_call(&mut row, call);
        }
    }
    row
}

fn add_call(row: &mut Vec<String>, call: &CallRecord) {
    row.extend([
        call.call.to_string(),
        harmless(&call.provider),
        harmless(&call.model),
        call.feature.as_str().to_owned(),
        call.streamed.to_string(),
        call.status.to_string(),
        call.state.as_str().to_owned(),
        (call.certainty == Certainty::Estimated).to_string(),
        call.held.to_string(),
        call.cost.to_string(),
        call.house.to_string(),
        call.price_version.to_string(),
        call.counts.tier.as_str().to_owned(),
        call.started_at.to_string(),
    ]);
    row.extend(call.counts.named().map(|(_, count)| count.to_string()));
}
