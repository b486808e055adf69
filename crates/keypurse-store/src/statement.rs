//! A token's statement: every change of its balance, and what it led to.

use std::sync::Arc;

use async_trait::async_trait;
use keypurse_core::id::{CallId, TokenId};
use keypurse_core::ledger::EntryKind;
use keypurse_core::money::Money;
use keypurse_core::price::Price;
use keypurse_core::time::Timestamp;
use keypurse_core::usage::{Certainty, TokenCounts};

use crate::calls::Feature;
use crate::error::StoreError;

/// How a call's hold was resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallState {
    /// At what it cost.
    Settled,
    /// At nothing: it did not happen.
    Void,
    /// At its floor, after a crash.
    Recovered,
    /// The simulator answered; nothing was held.
    Simulated,
}

impl CallState {
    /// The word for it in statements.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Void => "void",
            Self::Recovered => "recovered",
            Self::Simulated => "simulated",
        }
    }
}

/// One line of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementLine {
    /// Its place: lines of one ledger are numbered in the order in which they
    /// changed balances.
    pub line: i64,
    /// When.
    pub at: Timestamp,
    /// Signed change of the balance.
    pub amount: Money,
    /// What it led to.
    pub balance_after: Money,
    /// What changed it.
    pub cause: Cause,
}

/// What changed a balance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// An operator, or a period.
    Entry {
        /// Why.
        kind: EntryKind,
        /// What the operator said.
        note: Option<String>,
    },
    /// A call.
    Call(Box<CallRecord>),
}

/// A finished call, as its charge can be recomputed from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRecord {
    /// Which; its text is the request id clients saw.
    pub call: CallId,
    /// Who served it.
    pub provider: String,
    /// The model's name there.
    pub model: String,
    /// What kind of work.
    pub feature: Feature,
    /// Whether the answer was streamed.
    pub streamed: bool,
    /// The status its client was answered with; 0: nobody was.
    pub status: u16,
    /// How its hold was resolved.
    pub state: CallState,
    /// How sure we are of the counts.
    pub certainty: Certainty,
    /// What was used.
    pub counts: TokenCounts,
    /// What was set aside in the end.
    pub held: Money,
    /// What it cost.
    pub cost: Money,
    /// What neither hold nor balance could cover.
    pub house: Money,
    /// Which version of the model's price.
    pub price_version: i64,
    /// The price itself.
    pub price: Arc<Price>,
    /// When it arrived.
    pub started_at: Timestamp,
}

/// Part of a statement that is asked for.
#[derive(Clone, Copy, Debug)]
pub struct StatementPage {
    /// Whose.
    pub token: TokenId,
    /// Only lines before this one; `None`: from the newest.
    pub before: Option<i64>,
    /// How many lines at most.
    pub limit: usize,
}

/// Statements of tokens.
#[async_trait]
pub trait Statements {
    /// The newest lines before a place, newest first. Pages are stable: a line
    /// never changes its place.
    async fn statement(&self, page: StatementPage) -> Result<Vec<StatementLine>, StoreError>;

    /// Forgets some of the oldest calls that finished before an instant; a
    /// checkpoint entry stands for what they were charged, so that all sums
    /// stay as they are. Returns how many: 0 when none are left.
    async fn forget_calls(&self, before: Timestamp) -> Result<usize, StoreError>;
}
