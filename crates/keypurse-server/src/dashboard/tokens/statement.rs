//! A page of a token's statement.

use keypurse_core::id::TokenId;
use keypurse_core::ledger::EntryKind;
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;
use keypurse_core::usage::Certainty;
use keypurse_store::{CallRecord, CallState, Cause, StatementLine, StatementPage};

use crate::dashboard::figures::{Dollars, Grouped};
use crate::dashboard::trouble::Trouble;
use crate::state::State;

const PAGE: usize = 25;

/// Some lines, newest first.
#[derive(Debug)]
pub(super) struct StatementView {
    pub(super) lines: Vec<LineView>,
    /// What the next page comes before.
    pub(super) next: Option<i64>,
    pub(super) is_first: bool,
}

/// A line.
#[derive(Debug)]
pub(super) struct LineView {
    pub(super) at: Timestamp,
    pub(super) what: String,
    /// What else is known of it.
    pub(super) details: String,
    pub(super) amount: Dollars,
    pub(super) is_gain: bool,
    pub(super) balance: Dollars,
}

impl StatementView {
    pub(super) async fn read(
        state: &State,
        token: TokenId,
        before: Option<i64>,
    ) -> Result<Self, Trouble> {
        let page = StatementPage {
            token,
            before,
            // One more tells whether there is another page.
            limit: PAGE + 1,
        };
        let mut lines = state.store.statement(page).await?;
        let has_more = lines.len() > PAGE;
        lines.truncate(PAGE);
        Ok(Self {
            next: lines.last().filter(|_| has_more).map(|line| line.line),
            lines: lines.iter().map(LineView::of).collect(),
            is_first: before.is_none(),
        })
    }
}

impl LineView {
    fn of(line: &StatementLine) -> Self {
        let (what, details) = match &line.cause {
            Cause::Entry { kind, note } => {
                (entry(*kind).to_owned(), note.clone().unwrap_or_default())
            }
            Cause::Call(call) => (format!("{}/{}", call.provider, call.model), details(call)),
        };
        Self {
            at: line.at,
            what,
            details,
            amount: Dollars(line.amount),
            is_gain: line.amount > Money::ZERO,
            balance: Dollars(line.balance_after),
        }
    }
}

fn entry(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Open => "Opening balance",
        EntryKind::Adjust => "Balance set",
        EntryKind::Reset => "Period reset",
        EntryKind::TopUp => "Top-up",
        EntryKind::Checkpoint => "Older calls",
    }
}

fn details(call: &CallRecord) -> String {
    let mut details = Vec::new();
    let (input, output) = (call.counts.input, call.counts.output);
    if input + output > 0 {
        details.push(format!("{} in, {} out", Grouped(input), Grouped(output)));
    }
    if call.certainty == Certainty::Estimated {
        details.push("counted".to_owned());
    }
    if call.status != 200 {
        details.push(match call.status {
            0 => "nobody was answered".to_owned(),
            status => format!("status {status}"),
        });
    }
    if call.state != CallState::Settled {
        details.push(call.state.as_str().to_owned());
    }
    details.join(" · ")
}
