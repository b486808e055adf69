//! What calls cost, for reports about many tokens: in little memory.

use std::ops::Range;
use std::sync::Arc;

use keypurse_core::id::TokenId;
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;

use crate::calls::Feature;

/// Sums over calls by token, period, feature and provider. There may be
/// hundreds of thousands, so what they have in common is told once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Costs {
    /// First instants of the periods in which somebody called, in order; the
    /// first one even where the range begins later.
    pub periods: Vec<Timestamp>,
    /// All providers there ever were, in order.
    pub providers: Vec<Arc<str>>,
    /// Who called: the account's own key, then tokens in the order they were
    /// made.
    pub tokens: Vec<TokenCosts>,
    /// All sums, in the order of tokens, periods, features and providers.
    pub sums: Vec<CostSum>,
}

/// What one token's calls cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenCosts {
    /// Which token; none: the account's own key.
    pub token: Option<TokenId>,
    /// Where its sums are in [`Costs::sums`].
    pub sums: Range<usize>,
}

/// What calls cost that have token, period, feature and provider in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CostSum {
    /// A place in [`Costs::periods`].
    pub period: u32,
    /// A place in [`Costs::providers`].
    pub provider: u32,
    /// The kind of work.
    pub feature: Feature,
    /// Calls, simulated ones included.
    pub calls: u64,
    /// What was charged for them.
    pub cost: Money,
}

impl Costs {
    /// The period a sum is of.
    pub fn period(&self, sum: &CostSum) -> Timestamp {
        self.periods[place(sum.period)]
    }

    /// The provider a sum is of.
    pub fn provider(&self, sum: &CostSum) -> &Arc<str> {
        &self.providers[place(sum.provider)]
    }
}

fn place(place: u32) -> usize {
    usize::try_from(place).expect("32 bits fit")
}
