//! Sums put where the report tells them.

use std::collections::HashMap;
use std::ops::Range;

use keypurse_core::money::Money;
use keypurse_store::{CostSum, Costs, Feature, TokenCosts, pause_if_due};

use crate::management::reports::period::Periods;
use crate::management::reports::selection::Selection;

/// What everybody's calls cost, by name.
#[derive(Debug)]
pub(super) struct Report {
    /// The account's key, then tokens as they were made.
    pub(super) names: Vec<NameCosts>,
    /// What periods are called, by their places.
    pub(super) periods: Vec<String>,
    costs: Costs,
}

/// What calls of tokens of one name cost.
#[derive(Debug)]
pub(super) struct NameCosts {
    pub(super) name: String,
    /// Where its sums are.
    sums: Range<usize>,
}

impl Report {
    /// Puts sums in their places. Tokens of one name are one.
    pub(super) fn of(mut costs: Costs, selection: Selection, periods: &Periods) -> Self {
        let tokens = std::mem::take(&mut costs.tokens);
        let (parts, strangers) = by_name(tokens, &selection);
        let mut names = Vec::with_capacity(selection.names.len() + strangers.len());
        for (named, parts) in selection.names.into_iter().zip(&parts) {
            pause_if_due();
            let sums = joined(&mut costs.sums, parts);
            if named.is_shown || !sums.is_empty() {
                let name = named.name;
                names.push(NameCosts { name, sums });
            }
        }
        for (name, part) in strangers {
            let sums = joined(&mut costs.sums, &[part]);
            names.push(NameCosts { name, sums });
        }
        let periods = costs.periods.iter().map(|start| periods.name(*start));
        Self {
            names,
            periods: periods.collect(),
            costs,
        }
    }

    /// All sums of a name, by period, feature and provider, each in the order
    /// of their names.
    pub(super) fn sums(&self, of: &NameCosts) -> &[CostSum] {
        &self.costs.sums[of.sums.clone()]
    }

    /// What a sum's period is called.
    pub(super) fn period(&self, sum: &CostSum) -> &str {
        &self.periods[at(sum.period)]
    }

    /// Who served the calls of a sum.
    pub(super) fn provider(&self, sum: &CostSum) -> &str {
        self.costs.provider(sum)
    }

    /// All providers by their places.
    pub(super) fn providers(&self) -> impl Iterator<Item = &str> {
        self.costs.providers.iter().map(|name| &**name)
    }
}

/// Where the sums of one name are: of several tokens that had it in turn.
type Parts = Vec<Range<usize>>;

/// Where the sums of each name are, and those of tokens without one: made
/// since the names were read.
fn by_name(
    tokens: Vec<TokenCosts>,
    selection: &Selection,
) -> (Vec<Parts>, Vec<(String, Range<usize>)>) {
    let names = selection.names.iter().enumerate();
    let places: HashMap<&str, usize> = names.map(|(place, name)| (&*name.name, place)).collect();
    let mut parts = vec![Vec::new(); selection.names.len()];
    let mut strangers = Vec::new();
    for TokenCosts { token, sums } in tokens {
        pause_if_due();
        let name = selection.labels.name(token);
        match places.get(&*name) {
            Some(place) => parts[*place].push(sums),
            None => strangers.push((name.into_owned(), sums)),
        }
    }
    (parts, strangers)
}

/// Where the sums of one name are: those of several tokens are added up.
fn joined(sums: &mut Vec<CostSum>, parts: &[Range<usize>]) -> Range<usize> {
    let place = match parts {
        [] => 0..0,
        [one] => one.clone(),
        several => {
            let parts = several.iter().map(|part| &sums[part.clone()]);
            let mut all: Vec<CostSum> = parts.flatten().copied().collect();
            all.sort_by_key(order);
            all.dedup_by(|next, sum| {
                let is_same = order(next) == order(sum);
                if is_same {
                    sum.calls += next.calls;
                    sum.cost += next.cost;
                }
                is_same
            });
            let place = sums.len()..sums.len() + all.len();
            sums.append(&mut all);
            place
        }
    };
    let some = &mut sums[place.clone()];
    if !some.is_sorted_by_key(order) {
        some.sort_by_key(order);
    }
    place
}

/// Storage has features in another order than that of their names.
fn order(sum: &CostSum) -> (u32, &'static str, u32) {
    (sum.period, sum.feature.as_str(), sum.provider)
}

/// Where a place is.
pub(super) fn at(place: u32) -> usize {
    usize::try_from(place).expect("32 bits fit")
}

/// What some sums cost together.
pub(super) fn cost(sums: &[CostSum]) -> Money {
    sums.iter().map(|sum| sum.cost).sum()
}

/// How many calls some sums are of.
pub(super) fn calls(sums: &[CostSum]) -> u64 {
    sums.iter().map(|sum| sum.calls).sum()
}

/// The name of a feature that was told apart.
pub(in crate::management::reports) fn feature_name(feature: Option<Feature>) -> &'static str {
    feature.map_or("", Feature::as_str)
}
