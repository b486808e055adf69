//! Sums over time, line by line.

use keypurse_core::time::Timestamp;
use keypurse_store::UsageRow;

use super::calendar::Period;
use super::totals::Totals;

/// What a chart shows: a total for each period and series.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::dashboard) struct Plot {
    pub(in crate::dashboard) labels: Vec<String>,
    pub(in crate::dashboard) series: Vec<Series>,
}

/// One of a chart's stacked parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::dashboard) struct Series {
    pub(in crate::dashboard) name: String,
    /// One for each label.
    pub(in crate::dashboard) totals: Vec<Totals>,
}

impl Series {
    /// Without any call.
    pub(in crate::dashboard) fn empty(name: impl Into<String>, periods: usize) -> Self {
        Self {
            name: name.into(),
            totals: vec![Totals::default(); periods],
        }
    }

    /// The sums of rows, each in its period.
    pub(in crate::dashboard) fn of<'a>(
        name: impl Into<String>,
        periods: &[Period],
        rows: impl IntoIterator<Item = &'a UsageRow>,
    ) -> Self {
        let mut series = Self::empty(name, periods.len());
        series.add(periods, rows);
        series
    }

    /// Counts rows, each in its period.
    pub(super) fn add<'a>(
        &mut self,
        periods: &[Period],
        rows: impl IntoIterator<Item = &'a UsageRow>,
    ) {
        for row in rows {
            if let Some(at) = place(periods, row.period) {
                self.totals[at].add(&row.sums);
            }
        }
    }

    /// What others leave of this one.
    pub(in crate::dashboard) fn without(&mut self, others: &[Self]) {
        for (at, total) in self.totals.iter_mut().enumerate() {
            for other in others {
                *total = total.without(&other.totals[at]);
            }
        }
    }

    pub(in crate::dashboard) fn is_empty(&self) -> bool {
        self.totals.iter().all(|total| total.calls == 0)
    }
}

/// The period an instant is in.
fn place(periods: &[Period], at: Timestamp) -> Option<usize> {
    let following = periods.partition_point(|period| period.start <= at);
    following.checked_sub(1)
}

impl Plot {
    /// Series over periods.
    pub(in crate::dashboard) fn new(periods: Vec<Period>, series: Vec<Series>) -> Self {
        let labels = periods.into_iter().map(|period| period.label);
        Self {
            labels: labels.collect(),
            series,
        }
    }

    /// Only the last so many periods.
    pub(in crate::dashboard) fn last(mut self, periods: usize) -> Self {
        let cut = self.labels.len().saturating_sub(periods);
        self.labels.drain(..cut);
        for series in &mut self.series {
            series.totals.drain(..cut);
        }
        self
    }

    /// Whether there is nothing to see.
    pub(in crate::dashboard) fn is_empty(&self) -> bool {
        self.series.iter().all(Series::is_empty)
    }

    /// The sum of all series in each period.
    pub(in crate::dashboard) fn sums(&self) -> Vec<Totals> {
        let mut sums = vec![Totals::default(); self.labels.len()];
        for series in &self.series {
            for (sum, total) in sums.iter_mut().zip(&series.totals) {
                sum.add_totals(total);
            }
        }
        sums
    }
}
