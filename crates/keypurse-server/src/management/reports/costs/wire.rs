//! Costs as JSON, in the vendor's shape. Wire | here: `total_cost` | cost,
//! `details` | calls.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use super::fold::{Cell, Costs};
use crate::http::answer::number;

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
    response: Vec<TokenCosts<'a>>,
}

#[derive(Debug, Serialize)]
struct TokenCosts<'a> {
    token: &'a str,
    data: BTreeMap<&'a str, BTreeMap<&'a str, FeatureCosts<'a>>>,
}

#[derive(Debug, Serialize)]
struct FeatureCosts<'a> {
    total_cost: Box<RawValue>,
    details: u64,
    cost_per_provider: BTreeMap<&'a str, Box<RawValue>>,
}

impl<'a> Report<'a> {
    pub(super) fn of(costs: &'a Costs) -> Self {
        let tokens = costs.tokens.iter().map(|(token, spent)| {
            let data = spent.iter().map(|(period, features)| {
                let features = features.iter();
                let features = features.map(|(feature, cell)| (*feature, FeatureCosts::of(cell)));
                (&**period, features.collect())
            });
            TokenCosts {
                token,
                data: data.collect(),
            }
        });
        Self {
            response: tokens.collect(),
        }
    }
}

impl<'a> FeatureCosts<'a> {
    fn of(cell: &'a Cell) -> Self {
        let providers = cell.providers.iter();
        let providers = providers.map(|(provider, (_, cost))| (&**provider, number(*cost)));
        Self {
            total_cost: number(cell.cost()),
            details: cell.calls(),
            cost_per_provider: providers.collect(),
        }
    }
}
