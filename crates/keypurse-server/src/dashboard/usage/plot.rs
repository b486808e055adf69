//! Sums over time, line by line.

use keypurse_core::time::Timestamp;
use keypurse_store::UsageRow;

use super::calendar::Period;
use super::totals::Totals;

/// What a chart shows: a total for each period and series.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::dashboard) struct Plot {
    /// The first instant of each period.
    pub(in crate::dashboard) starts: Vec<Timestamp>,
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
        Self {
            starts: periods.iter().map(|period| period.start).collect(),
            labels: periods.into_iter().map(|period| period.label).collect(),
            series,
        }
    }

    /// Of hours only the last 24 that have begun.
    pub(in crate::dashboard) fn last_day_until(mut self, now: Timestamp) -> Self {
        let begun = self.starts.partition_point(|start| *start <= now);
        let shown = begun.saturating_sub(24)..begun;
        self.starts = self.starts[shown.clone()].to_vec();
        self.labels = self.labels[shown.clone()].to_vec();
        for series in &mut self.series {
            series.totals = series.totals[shown.clone()].to_vec();
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

#[cfg(test)]
mod tests {
    use super::{Plot, Series};
    use crate::dashboard::usage::calendar::Period;
    use keypurse_core::money::Money;
    use keypurse_core::time::Timestamp;
    use keypurse_store::{UsageKey, UsageRow, UsageSums};

    fn hour(hour: i64) -> Timestamp {
        Timestamp::default().plus_seconds(hour * 3600)
    }

    fn hours(count: i64) -> Vec<Period> {
        let period = |at| Period {
            start: hour(at),
            label: at.to_string(),
        };
        (0..count).map(period).collect()
    }

    fn row(at: i64, nanos: i64) -> UsageRow {
        UsageRow {
            period: hour(at),
            key: UsageKey::default(),
            sums: UsageSums {
                calls: 1,
                cost: Money::from_nanos(nanos),
                ..UsageSums::default()
            },
        }
    }

    fn costs(series: &Series) -> Vec<i64> {
        series
            .totals
            .iter()
            .map(|total| total.cost.nanos())
            .collect()
    }

    #[test]
    fn sums_stand_in_their_periods_and_the_rest_is_what_others_leave() {
        let periods = hours(3);
        let one = Series::of("one", &periods, &[row(0, 5), row(2, 1), row(2, 2)]);
        assert_eq!(costs(&one), [5, 0, 3]);
        let mut rest = Series::of("Other", &periods, &[row(0, 9), row(1, 4), row(2, 3)]);
        rest.without(std::slice::from_ref(&one));
        assert_eq!(costs(&rest), [4, 4, 0]);
        let plot = Plot::new(periods, vec![one, rest]);
        let sums: Vec<_> = plot.sums().iter().map(|sum| sum.cost.nanos()).collect();
        assert_eq!(sums, [9, 4, 3]);
    }

    #[test]
    fn a_day_is_the_last_24_hours_that_have_begun() {
        let periods = hours(48);
        let series = Series::of("one", &periods, &[row(12, 1), row(13, 2), row(36, 3)]);
        let plot = Plot::new(periods, vec![series]).last_day_until(hour(36).plus_seconds(59));
        assert_eq!(
            (plot.labels.len(), &*plot.labels[0], &*plot.labels[23]),
            (24, "13", "36")
        );
        assert_eq!(plot.series[0].totals[0].cost.nanos(), 2);
        assert_eq!(plot.series[0].totals[23].cost.nanos(), 3);
    }
}
