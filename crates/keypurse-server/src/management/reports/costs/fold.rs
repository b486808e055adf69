//! Sums put where the report tells them.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use keypurse_core::money::Money;
use keypurse_store::{Feature, UsageRow};

use crate::management::reports::period::Periods;
use crate::management::reports::selection::Selection;

/// What everybody's calls cost.
#[derive(Debug, Default)]
pub(super) struct Costs {
    /// By name: the account's key, then tokens as they were made.
    pub(super) tokens: Vec<TokenCosts>,
}

/// What calls of tokens of one name cost.
#[derive(Debug)]
pub(super) struct TokenCosts {
    pub(super) name: String,
    /// By period, the first one first.
    pub(super) periods: Vec<(Arc<str>, PeriodCosts)>,
}

/// What calls cost in one period, by feature. There are few.
pub(super) type PeriodCosts = Vec<(&'static str, Cell)>;

/// What calls of one feature cost in one period.
#[derive(Debug, Default)]
pub(super) struct Cell {
    /// By provider: how many there were, and what they cost.
    pub(super) providers: Vec<(Arc<str>, u64, Money)>,
}

impl Costs {
    /// Puts sums in their places. Tokens of one name are one. Rows come in the
    /// order of their periods.
    pub(super) fn of(rows: Vec<UsageRow>, selection: &Selection, periods: &Periods) -> Self {
        let names = selection.names.iter().map(|named| named.name.clone());
        let mut tokens: Vec<TokenCosts> = names.map(TokenCosts::named).collect();
        let mut places = HashMap::new();
        for (place, token) in tokens.iter().enumerate() {
            places.insert(token.name.clone(), place);
        }
        let mut known = HashMap::new();
        let mut name_period = periods.names();
        for row in rows {
            let place = *known.entry(row.key.token).or_insert_with(|| {
                let name = selection.labels.name(row.key.token);
                *places.entry(name.clone()).or_insert_with(|| {
                    tokens.push(TokenCosts::named(name));
                    tokens.len() - 1
                })
            });
            tokens[place].add(name_period(row.period), row);
        }
        let shown = selection.names.iter().map(|named| named.is_shown);
        let shown = shown.chain(std::iter::repeat(true));
        let tokens = tokens.into_iter().zip(shown);
        let tokens = tokens.filter(|(token, is_shown)| *is_shown || !token.periods.is_empty());
        Self {
            tokens: tokens.map(|(token, _)| token).collect(),
        }
    }

    /// Every sum with its token, period, feature and provider.
    pub(super) fn flat(&self) -> impl Iterator<Item = ([&str; 4], u64, Money)> {
        self.tokens.iter().flat_map(|token| {
            token.periods.iter().flat_map(move |(period, features)| {
                features.iter().flat_map(move |(feature, cell)| {
                    let providers = cell.providers.iter();
                    providers.map(move |(provider, calls, cost)| {
                        ([&*token.name, period, feature, provider], *calls, *cost)
                    })
                })
            })
        })
    }
}

impl TokenCosts {
    fn named(name: String) -> Self {
        let periods = Vec::new();
        Self { name, periods }
    }

    fn add(&mut self, period: Arc<str>, row: UsageRow) {
        let is_new = self.periods.last().is_none_or(|(last, _)| *last != period);
        if is_new {
            self.periods.push((period, PeriodCosts::new()));
        }
        let Some((_, features)) = self.periods.last_mut() else {
            return;
        };
        let feature = feature_name(row.key.feature);
        let cell = find(
            features,
            |known| known.0.cmp(feature),
            || (feature, Cell::default()),
        );
        let provider = row.key.provider.unwrap_or_default();
        let sum = find(
            &mut cell.1.providers,
            |known| known.0.cmp(&provider),
            || (Arc::clone(&provider), 0, Money::ZERO),
        );
        sum.1 += row.sums.calls;
        sum.2 += row.sums.cost;
    }
}

impl Cell {
    pub(super) fn calls(&self) -> u64 {
        self.providers.iter().map(|(_, calls, _)| calls).sum()
    }

    pub(super) fn cost(&self) -> Money {
        self.providers.iter().map(|(.., cost)| *cost).sum()
    }
}

/// What is at its place in an ordered list, put there if it is not.
fn find<T>(
    list: &mut Vec<T>,
    order: impl FnMut(&T) -> Ordering,
    new: impl FnOnce() -> T,
) -> &mut T {
    let place = list.binary_search_by(order).unwrap_or_else(|place| {
        list.insert(place, new());
        place
    });
    &mut list[place]
}

/// The name of a feature that was told apart.
pub(in crate::management::reports) fn feature_name(feature: Option<Feature>) -> &'static str {
    feature.map_or("", Feature::as_str)
}
