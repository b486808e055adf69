//! Sums added up by group and period.

use std::collections::BTreeMap;
use std::sync::Arc;

use keypurse_core::money::Money;
use keypurse_core::usage::{COUNTS, TokenCounts};
use keypurse_store::{Latency, UsageRow, UsageSums, pause_if_due};

use super::Group;
use crate::management::reports::costs::feature_name;
use crate::management::reports::filters::{Filters, status_word};
use crate::management::reports::period::Periods;
use crate::management::reports::selection::Selection;

/// Sums by group and period.
pub(super) type Grouped = BTreeMap<Vec<Option<String>>, BTreeMap<Arc<str>, Sums>>;

/// What sums are called.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names<'a> {
    pub(super) selection: &'a Selection,
    pub(super) filters: &'a Filters,
    pub(super) periods: &'a Periods,
}

/// Sums over the calls of one group in one period.
#[derive(Clone, Debug, Default)]
pub(super) struct Sums {
    pub(super) calls: u64,
    pub(super) simulated: u64,
    pub(super) errors: u64,
    pub(super) estimated: u64,
    pub(super) cost: Money,
    /// In the order of [`TokenCounts::NAMES`].
    pub(super) counts: [u64; COUNTS - 1],
    pub(super) latency: Latency,
}

/// Adds up. A token with several tags has its calls under each of them, one
/// without under none.
pub(super) fn fold(groups: &[Group], rows: Vec<UsageRow>, names: &Names<'_>) -> Grouped {
    let mut grouped = Grouped::new();
    let mut name_period = names.periods.names();
    for row in rows {
        pause_if_due();
        let period = name_period(row.period);
        for tag in names.tags(groups, &row) {
            let key = groups.iter().map(|group| names.value(*group, &row, tag));
            let periods = grouped.entry(key.collect()).or_default();
            periods
                .entry(Arc::clone(&period))
                .or_default()
                .add(&row.sums);
        }
    }
    grouped
}

impl<'a> Names<'a> {
    /// The tags under which a sum counts; `None`: under no tag.
    fn tags(&self, groups: &[Group], row: &UsageRow) -> Vec<Option<&'a str>> {
        if !groups.contains(&Group::Tag) {
            return vec![None];
        }
        let asked = self.filters.tag.as_ref();
        let tags = self.selection.labels.tags(row.key.token).iter();
        let tags = tags.filter(|tag| asked.is_none_or(|asked| asked == *tag));
        let tags: Vec<_> = tags.map(|tag| Some(&**tag)).collect();
        if tags.is_empty() { vec![None] } else { tags }
    }

    fn value(&self, group: Group, row: &UsageRow, tag: Option<&str>) -> Option<String> {
        let key = &row.key;
        match group {
            Group::Token => Some(self.selection.labels.name(key.token).into_owned()),
            Group::Provider => key.provider.as_deref().map(str::to_owned),
            Group::Model => key.model.as_deref().map(str::to_owned),
            Group::Feature => Some(feature_name(key.feature).to_owned()),
            Group::Tag => tag.map(str::to_owned),
            Group::Status => key.status.map(|status| status_word(status).to_owned()),
        }
    }
}

impl Sums {
    fn add(&mut self, more: &UsageSums) {
        self.calls += more.calls;
        self.simulated += more.simulated;
        self.errors += more.errors;
        self.estimated += more.estimated;
        self.cost += more.cost;
        let Some(more) = &more.detail else {
            return;
        };
        for (count, (_, more)) in self.counts.iter_mut().zip(more.counts.named()) {
            *count += more;
        }
        let buckets = self.latency.buckets.iter_mut();
        for (count, more) in buckets.zip(more.latency.buckets) {
            *count += more;
        }
    }

    /// All input tokens.
    pub(super) fn input(&self) -> u64 {
        self.of("input")
    }

    /// All output tokens.
    pub(super) fn output(&self) -> u64 {
        self.of("output")
    }

    fn of(&self, name: &str) -> u64 {
        let found = self.named().find(|(named, _)| *named == name);
        found.map_or(0, |(_, count)| count)
    }

    /// Counts by their names.
    pub(super) fn named(&self) -> impl Iterator<Item = (&'static str, u64)> {
        TokenCounts::NAMES.into_iter().zip(self.counts)
    }
}
