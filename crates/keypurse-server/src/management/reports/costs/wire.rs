//! Costs as JSON, in the vendor's shape. Wire | here: `total_cost` | cost,
//! `details` | calls.

use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::fold::{Cell, Costs, PeriodCosts};
use crate::http::answer::Dollars;

/// Columns of the same as a table.
pub(super) const COLUMNS: [&str; 6] = [
    "token",
    "period",
    "feature",
    "provider",
    "total_cost",
    "details",
];

#[derive(Debug, Serialize)]
pub(super) struct Report<'a> {
    response: Vec<TokenReport<'a>>,
}

#[derive(Debug, Serialize)]
struct TokenReport<'a> {
    token: &'a str,
    data: Data<'a>,
}

/// By period, and in it by feature. Written as it is read: there can be
/// hundreds of thousands.
#[derive(Debug)]
struct Data<'a>(&'a [(Arc<str>, PeriodCosts)]);

#[derive(Debug)]
struct Features<'a>(&'a PeriodCosts);

#[derive(Debug, Serialize)]
struct FeatureReport<'a> {
    total_cost: Dollars,
    details: u64,
    cost_per_provider: Providers<'a>,
}

#[derive(Debug)]
struct Providers<'a>(&'a Cell);

impl<'a> Report<'a> {
    pub(super) fn of(costs: &'a Costs) -> Self {
        let tokens = costs.tokens.iter().map(|token| TokenReport {
            token: &token.name,
            data: Data(&token.periods),
        });
        Self {
            response: tokens.collect(),
        }
    }
}

impl Serialize for Data<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let periods = self.0.iter();
        serializer.collect_map(periods.map(|(period, features)| (&**period, Features(features))))
    }
}

impl Serialize for Features<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let features = self.0.iter();
        serializer.collect_map(features.map(|(feature, cell)| {
            let report = FeatureReport {
                total_cost: Dollars(cell.cost()),
                details: cell.calls(),
                cost_per_provider: Providers(cell),
            };
            (*feature, report)
        }))
    }
}

impl Serialize for Providers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let providers = self.0.providers.iter();
        serializer.collect_map(providers.map(|(name, _, cost)| (&**name, Dollars(*cost))))
    }
}
