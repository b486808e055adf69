//! Sums in groups as JSON. Wire | here: `total_cost` | cost, `details` |
//! calls, `tokens` | counts by class.

use std::collections::BTreeMap;

use keypurse_store::pause_if_due;
use serde::{Serialize, Serializer};

use super::Group;
use super::fold::{Grouped, Sums};
use crate::http::answer::Dollars;

/// Percentiles that are told.
pub(super) const PERCENTILES: [(&str, u32); 3] = [("p50", 50), ("p90", 90), ("p99", 99)];

#[derive(Debug, Serialize)]
pub(super) struct Report<'a> {
    group_by: Vec<&'static str>,
    response: Response<'a>,
}

/// What is told of the groups, each when its turn to be written has come.
#[derive(Debug)]
struct Response<'a> {
    group_by: Vec<&'static str>,
    grouped: &'a Grouped,
}

#[derive(Debug, Serialize)]
struct GroupSums<'a> {
    group: BTreeMap<&'static str, Option<&'a str>>,
    data: BTreeMap<&'a str, PeriodSums<'a>>,
}

#[derive(Debug, Serialize)]
struct PeriodSums<'a> {
    total_cost: Dollars,
    details: u64,
    errors: u64,
    simulated: u64,
    estimated: u64,
    input_tokens: u64,
    output_tokens: u64,
    /// What was used, by class; a class that was not is left out.
    tokens: Used<'a>,
    /// Null when no call was timed.
    latency_ms: BTreeMap<&'static str, Option<u32>>,
}

#[derive(Debug)]
struct Used<'a>(&'a Sums);

impl<'a> Report<'a> {
    pub(super) fn of(groups: &[Group], grouped: &'a Grouped) -> Self {
        let group_by: Vec<&'static str> = groups.iter().map(|group| group.as_str()).collect();
        Self {
            response: Response {
                group_by: group_by.clone(),
                grouped,
            },
            group_by,
        }
    }
}

impl Serialize for Response<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let names = || self.group_by.iter().copied();
        serializer.collect_seq(self.grouped.iter().map(|(values, periods)| {
            pause_if_due();
            let values = values.iter().map(Option::as_deref);
            let data = periods.iter();
            let data = data.map(|(period, sums)| (&**period, PeriodSums::of(sums)));
            GroupSums {
                group: names().zip(values).collect(),
                data: data.collect(),
            }
        }))
    }
}

impl<'a> PeriodSums<'a> {
    fn of(sums: &'a Sums) -> Self {
        let latency_ms = PERCENTILES.map(|(name, rank)| (name, sums.latency.percentile_ms(rank)));
        Self {
            total_cost: Dollars(sums.cost),
            details: sums.calls,
            errors: sums.errors,
            simulated: sums.simulated,
            estimated: sums.estimated,
            input_tokens: sums.input(),
            output_tokens: sums.output(),
            tokens: Used(sums),
            latency_ms: latency_ms.into(),
        }
    }
}

impl Serialize for Used<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.named().filter(|(_, count)| *count > 0))
    }
}
