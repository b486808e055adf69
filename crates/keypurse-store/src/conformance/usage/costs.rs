//! The two ways to ask for costs tell the same.

use std::sync::Arc;

use keypurse_core::id::TokenId;
use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;

use crate::{Costs, Feature, UsageRow};

/// A sum and what it is of, in the order in which costs tell them.
pub(super) type Sum = (Option<TokenId>, Timestamp, Feature, Arc<str>, u64, Money);

/// All costs with what they are of.
pub(super) fn flat(costs: &Costs) -> Vec<Sum> {
    let tokens = costs.tokens.iter();
    let sums = tokens.flat_map(|token| {
        let sums = costs.sums[token.sums.clone()].iter();
        sums.map(|sum| (token.token, sum))
    });
    let flat = sums.map(|(token, sum)| {
        let (period, provider) = (costs.period(sum), Arc::clone(costs.provider(sum)));
        (token, period, sum.feature, provider, sum.calls, sum.cost)
    });
    flat.collect()
}

/// Sums by token, feature and provider as costs tell them.
pub(super) fn in_order_of_costs(rows: Vec<UsageRow>) -> Vec<Sum> {
    let sums = rows.into_iter().map(|UsageRow { period, key, sums }| {
        let feature = key.feature.expect("told apart by it");
        let provider = key.provider.expect("told apart by it");
        (key.token, period, feature, provider, sums.calls, sums.cost)
    });
    let mut sums: Vec<Sum> = sums.collect();
    sums.sort();
    sums
}
