//! Sums put where the report tells them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use keypurse_core::money::Money;
use keypurse_store::{Feature, UsageRow};

use crate::management::reports::period::Periods;
use crate::management::reports::selection::Selection;

/// What everybody's calls cost.
#[derive(Debug, Default)]
pub(super) struct Costs {
    /// By name: the account's key, then tokens as they were made.
    pub(super) tokens: Vec<(String, Spent)>,
}

/// What somebody's calls cost, by period and feature.
pub(super) type Spent = BTreeMap<String, BTreeMap<&'static str, Cell>>;

/// What calls of one feature cost in one period, by provider.
#[derive(Debug, Default)]
pub(super) struct Cell {
    /// How many there were, and what they cost.
    pub(super) providers: BTreeMap<Arc<str>, (u64, Money)>,
}

impl Costs {
    /// Puts sums in their places. Tokens of one name are one.
    pub(super) fn of(rows: Vec<UsageRow>, selection: &Selection, periods: &Periods) -> Self {
        let names = selection.names.iter();
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut tokens: Vec<(String, Spent)> = Vec::new();
        for (place, named) in names.enumerate() {
            places.insert(named.name.clone(), place);
            tokens.push((named.name.clone(), Spent::new()));
        }
        for row in rows {
            let name = selection.labels.name(row.key.token);
            let place = *places.entry(name.clone()).or_insert_with(|| {
                tokens.push((name, Spent::new()));
                tokens.len() - 1
            });
            add(&mut tokens[place].1, row, periods);
        }
        let shown = selection.names.iter().map(|named| named.is_shown);
        let shown = shown.chain(std::iter::repeat(true));
        let tokens = tokens.into_iter().zip(shown);
        let tokens = tokens.filter(|((_, spent), is_shown)| *is_shown || !spent.is_empty());
        Self {
            tokens: tokens.map(|(token, _)| token).collect(),
        }
    }

    /// Every sum with its token, period, feature and provider.
    pub(super) fn flat(&self) -> impl Iterator<Item = ([&str; 4], u64, Money)> {
        self.tokens.iter().flat_map(|(token, spent)| {
            spent.iter().flat_map(move |(period, features)| {
                features.iter().flat_map(move |(feature, cell)| {
                    let providers = cell.providers.iter();
                    providers.map(move |(provider, (calls, cost))| {
                        ([&**token, period, feature, provider], *calls, *cost)
                    })
                })
            })
        })
    }
}

fn add(spent: &mut Spent, row: UsageRow, periods: &Periods) {
    let period = spent.entry(periods.name(row.period)).or_default();
    let cell = period.entry(feature_name(row.key.feature)).or_default();
    let provider = row.key.provider.unwrap_or_default();
    let (calls, cost) = cell.providers.entry(provider).or_default();
    *calls += row.sums.calls;
    *cost += row.sums.cost;
}

impl Cell {
    pub(super) fn calls(&self) -> u64 {
        self.providers.values().map(|(calls, _)| calls).sum()
    }

    pub(super) fn cost(&self) -> Money {
        self.providers.values().map(|(_, cost)| *cost).sum()
    }
}

/// The name of a feature that was told apart.
pub(in crate::management::reports) fn feature_name(feature: Option<Feature>) -> &'static str {
    feature.map_or("", Feature::as_str)
}
