//! `keypurse usage calls`: one line a call.

use serde::Deserialize;

use super::command::{COSTS, CallsArgs};
use crate::api::Call;
use crate::cli::amount::{Dollars, count};
use crate::cli::session::Session;
use crate::cli::table::{self, Column, Said};
use crate::cli::when::relative_text;

/// A page of calls as the API tells it.
#[derive(Deserialize)]
struct Page {
    calls: Vec<ListedCall>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct ListedCall {
    request_id: String,
    token: String,
    model: String,
    provider: String,
    feature: String,
    status: u16,
    outcome: String,
    cost: Dollars,
    finished_at: String,
    latency_ms: u64,
}

const COLUMNS: [Column; 8] = [
    Column::Left("WHEN"),
    Column::Left("TOKEN"),
    Column::Left("MODEL"),
    Column::Left("FEATURE"),
    Column::Right("STATUS"),
    Column::Right("TOOK"),
    Column::Right("COST"),
    Column::Left("REQUEST"),
];

pub(super) async fn show(session: &mut Session<'_, '_>, args: &CallsArgs) -> anyhow::Result<()> {
    let (begin, end) = args.selection.range.days(session)?;
    let mut parameters = vec![
        ("begin", begin.to_string()),
        ("end", end.to_string()),
        ("limit", args.limit.to_string()),
    ];
    parameters.extend(args.cursor.clone().map(|cursor| ("cursor", cursor)));
    parameters.extend(args.selection.parameters());
    let call = Call::get(format!("{COSTS}calls/")).query(parameters);
    let call = if args.selection.csv { call.csv() } else { call };
    let answer = session.ask(&call, "list calls").await?;
    if session.json || args.selection.csv {
        return Ok(session.console.write(answer.text())?);
    }
    let page: Page = answer.read()?;
    if page.calls.is_empty() {
        let none = format!("no calls from {begin} to {end}");
        return Ok(session.console.tell(none)?);
    }
    let now = session.console.now();
    let row = |call: &ListedCall| call.row(relative_text(&call.finished_at, now));
    let rows = page.calls.iter().map(row).collect();
    for line in table::lines(session.console, &COLUMNS, rows) {
        session.console.say(line)?;
    }
    if let Some(cursor) = page.next_cursor {
        session
            .console
            .hint(format_args!("there are more: --cursor {cursor}"))?;
    }
    Ok(())
}

impl ListedCall {
    fn row(&self, ago: String) -> Vec<Said> {
        let status = match &*self.outcome {
            "settled" => self.status.to_string(),
            other => format!("{} {other}", self.status),
        };
        vec![
            Said::faint(ago),
            Said::from(&self.token),
            Said::from(self.full_model()),
            Said::from(&self.feature),
            Said::bad_if(status, self.status >= 400),
            Said::from(format!("{} ms", count(self.latency_ms))),
            Said::from(self.cost),
            Said::faint(&self.request_id),
        ]
    }

    /// `provider/model`, whether or not the model's name says it already.
    fn full_model(&self) -> String {
        let prefix = format!("{}/", self.provider);
        if self.model.starts_with(&prefix) {
            return self.model.clone();
        }
        format!("{prefix}{}", self.model)
    }
}
