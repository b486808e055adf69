//! What was used: sums over calls, from rollups, and the calls themselves.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::civil::Date;
use keypurse_core::id::{AccountId, TokenId};
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;
use keypurse_core::usage::TokenCounts;

use crate::calls::Feature;
use crate::costs::Costs;
use crate::error::StoreError;
use crate::statement::{CallRecord, CallState};

/// How long the periods of a report are, in the zone whose days bound budgets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Hours; at most 62 days of them are kept.
    Hour,
    /// Days.
    Day,
    /// Weeks, from Monday.
    Week,
    /// Months.
    Month,
    /// Years.
    Year,
    /// The whole range is one period.
    Whole,
}

/// Whose calls are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Everybody's in the account.
    All,
    /// Those of the account's own key.
    AccountKey,
    /// Those of these tokens, deleted ones too.
    Tokens(Vec<TokenId>),
}

/// What sums can be told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dimension {
    /// The token; none: the account's own key.
    Token,
    /// Who served it.
    Provider,
    /// `provider/model`.
    Model,
    /// The kind of work.
    Feature,
    /// Whether it was answered, and with what.
    Status,
}

/// How calls ended, as coarse as sums tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StatusClass {
    /// The client got what it asked for.
    Success,
    /// The client's own fault: 4xx.
    ClientError,
    /// The provider's or ours: 5xx.
    ServerError,
    /// Nobody was answered: a crash.
    Unanswered,
}

impl StatusClass {
    /// All there are.
    pub const ALL: [Self; 4] = [
        Self::Success,
        Self::ClientError,
        Self::ServerError,
        Self::Unanswered,
    ];

    /// How a call ended. `None`: it does not count as a call, for nothing
    /// happened: it was resolved at nothing, and no failure was told.
    pub const fn of(state: CallState, status: u16) -> Option<Self> {
        match (state, status) {
            (CallState::Void, 0..400) => None,
            (_, 0) => Some(Self::Unanswered),
            (_, 1..400) => Some(Self::Success),
            (_, 400..500) => Some(Self::ClientError),
            (_, 500..) => Some(Self::ServerError),
        }
    }
}

/// A question to the rollups. Both days count; days are those of the zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageQuery {
    /// In which account.
    pub account: AccountId,
    /// Whose calls.
    pub whose: Whose,
    /// The first day.
    pub begin: Date,
    /// The last day.
    pub end: Date,
    /// How long a period is.
    pub step: Step,
    /// What is told apart, in this order.
    pub by: Vec<Dimension>,
    /// Only this provider's.
    pub provider: Option<String>,
    /// Only this model's, as `provider/model`.
    pub model: Option<String>,
    /// Only this kind of work.
    pub feature: Option<Feature>,
    /// Only what ended so.
    pub status: Option<StatusClass>,
    /// Whether units and latencies are summed too, which takes longer.
    pub detail: bool,
}

/// What a sum is of; a member is `None` where the question did not ask to tell
/// it apart (and for [`Dimension::Token`] where it is the account's own key).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UsageKey {
    /// Which token.
    pub token: Option<TokenId>,
    /// Which provider.
    pub provider: Option<Arc<str>>,
    /// Which model, as `provider/model`.
    pub model: Option<Arc<str>>,
    /// Which kind of work.
    pub feature: Option<Feature>,
    /// How they ended.
    pub status: Option<StatusClass>,
}

/// Sums over calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageSums {
    /// Calls, simulated ones included.
    pub calls: u64,
    /// Of these, how many the simulator answered.
    pub simulated: u64,
    /// Of these, how many did not end in success.
    pub errors: u64,
    /// Of these, how many were counted instead of reported.
    pub estimated: u64,
    /// What was charged for them: for rehearsals and simulated calls nothing,
    /// and nothing that the house bore.
    pub cost: Money,
    /// What they used and how long they took, where [`UsageQuery::detail`]
    /// asked for it.
    pub detail: Option<Box<UsageDetail>>,
}

/// What calls used, and how long they took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageDetail {
    /// What they used; the tier of service is not told.
    pub counts: TokenCounts,
    /// How long it took until they were answered to the end. What nobody was
    /// answered to took no time.
    pub latency: Latency,
}

/// How many calls took how long: bucket `n` counts what took less than
/// [`Latency::BOUNDS_MS`]`[n]`, and the last one what took longer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    /// One count for each bound, and one for the rest.
    pub buckets: [u64; 20],
}

impl Latency {
    /// Upper bounds in milliseconds.
    pub const BOUNDS_MS: [u32; 19] = [
        5, 10, 20, 35, 50, 75, 100, 150, 250, 400, 700, 1_000, 1_500, 2_500, 5_000, 10_000, 20_000,
        60_000, 300_000,
    ];

    /// The bucket of a call that took so many milliseconds.
    pub fn bucket(millis: u64) -> usize {
        Self::BOUNDS_MS.partition_point(|bound| u64::from(*bound) <= millis)
    }
}

/// One sum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageRow {
    /// The first instant of the period, even where the range begins later.
    pub period: Timestamp,
    /// Of what.
    pub key: UsageKey,
    /// How much.
    pub sums: UsageSums,
}

/// Calls that are asked for, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallsPage {
    /// In which account.
    pub account: AccountId,
    /// Whose calls.
    pub whose: Whose,
    /// Finished from this instant on.
    pub from: Option<Timestamp>,
    /// Finished before this instant.
    pub until: Option<Timestamp>,
    /// Only this provider's.
    pub provider: Option<String>,
    /// Only this model's, as `provider/model`.
    pub model: Option<String>,
    /// Only this kind of work.
    pub feature: Option<Feature>,
    /// Only what ended so.
    pub status: Option<StatusClass>,
    /// Only calls that arrived before this one ([`CallRecord::call`]'s ordered
    /// half); `None`: from the newest.
    pub before: Option<i64>,
    /// How many at most.
    pub limit: usize,
}

/// A finished call and whose it was. Never with what was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedCall {
    /// Which token; `None`: the account's own key.
    pub token: Option<TokenId>,
    /// What the call was and cost.
    pub record: CallRecord,
    /// What was taken for it.
    pub charged: Money,
    /// Whether it rehearsed spending: its cost is not money.
    pub rehearsed: bool,
    /// When it ended.
    pub finished_at: Timestamp,
}

/// A token calls were made with, deleted or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenLabel {
    /// Which.
    pub id: TokenId,
    /// Its name; deleted tokens may share theirs with a live one.
    pub name: String,
    /// Its tags, as they are now or were when it was deleted.
    pub tags: Vec<String>,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
}

/// Reports. They never wait for the writer, and nothing waits for them.
#[async_trait]
pub trait Usage {
    /// Sums over calls, equal to the ledger's to the nano-dollar, in the order
    /// of periods and keys. Calls that are settled but have no row yet count.
    async fn usage(&self, query: UsageQuery) -> Result<Vec<UsageRow>, StoreError>;

    /// The same by token, feature and provider, and nothing but costs: for many
    /// tokens at once. What the question says of [`UsageQuery::by`] and
    /// [`UsageQuery::detail`] does not matter.
    async fn costs(&self, query: UsageQuery) -> Result<Costs, StoreError>;

    /// Finished calls, newest first. Pages are stable.
    async fn calls(&self, page: CallsPage) -> Result<Vec<ListedCall>, StoreError>;

    /// Every token the account has or had, in the order they were made.
    async fn token_labels(&self, account: AccountId) -> Result<Vec<TokenLabel>, StoreError>;
}
