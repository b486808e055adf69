//! Sums over sums.

use keypurse_core::money::Money;
use keypurse_store::{Latency, UsageRow, UsageSums};

/// What pages show of calls. Tokens and latency only where the question asked
/// for [`keypurse_store::UsageQuery::detail`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::dashboard) struct Totals {
    pub(in crate::dashboard) cost: Money,
    pub(in crate::dashboard) calls: u64,
    pub(in crate::dashboard) errors: u64,
    pub(in crate::dashboard) simulated: u64,
    pub(in crate::dashboard) input_tokens: u64,
    pub(in crate::dashboard) output_tokens: u64,
    pub(in crate::dashboard) latency: Latency,
}

impl Totals {
    /// Of all rows.
    pub(in crate::dashboard) fn of<'a>(rows: impl IntoIterator<Item = &'a UsageRow>) -> Self {
        let mut totals = Self::default();
        for row in rows {
            totals.add(&row.sums);
        }
        totals
    }

    /// Counts what a row says.
    pub(in crate::dashboard) fn add(&mut self, sums: &UsageSums) {
        self.cost += sums.cost;
        self.calls += sums.calls;
        self.errors += sums.errors;
        self.simulated += sums.simulated;
        if let Some(detail) = &sums.detail {
            self.input_tokens += detail.counts.input;
            self.output_tokens += detail.counts.output;
            let buckets = self.latency.buckets.iter_mut();
            for (bucket, more) in buckets.zip(detail.latency.buckets) {
                *bucket += more;
            }
        }
    }

    /// Counts what other totals say.
    pub(in crate::dashboard) fn add_totals(&mut self, other: &Self) {
        self.cost += other.cost;
        self.calls += other.calls;
        self.errors += other.errors;
        self.simulated += other.simulated;
        self.input_tokens += other.input_tokens;
        self.output_tokens += other.output_tokens;
        let buckets = self.latency.buckets.iter_mut();
        for (bucket, more) in buckets.zip(other.latency.buckets) {
            *bucket += more;
        }
    }

    /// What is left without a part of it.
    pub(in crate::dashboard) fn without(mut self, part: &Self) -> Self {
        self.cost -= part.cost;
        self.calls = self.calls.saturating_sub(part.calls);
        self.errors = self.errors.saturating_sub(part.errors);
        self.simulated = self.simulated.saturating_sub(part.simulated);
        self.input_tokens = self.input_tokens.saturating_sub(part.input_tokens);
        self.output_tokens = self.output_tokens.saturating_sub(part.output_tokens);
        let buckets = self.latency.buckets.iter_mut();
        for (bucket, less) in buckets.zip(part.latency.buckets) {
            *bucket = bucket.saturating_sub(less);
        }
        self
    }
}
