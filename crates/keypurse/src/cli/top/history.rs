//! What keys had spent at some instants, and what they spent between them.

use std::collections::HashMap;

use keypurse_core::money::Money;
use keypurse_core::time::Timestamp;

pub(super) const MINUTE: i64 = 60;
pub(super) const HOUR: i64 = 3600;
/// Beyond the last minute one sample a minute is enough.
const KEPT_WHOLE: i64 = MINUTE + 10;

/// What a key has spent since some day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Total {
    pub(super) cost: Money,
    pub(super) calls: u64,
    pub(super) errors: u64,
}

/// What all keys had spent at one instant, by their places in the list of names.
#[derive(Clone, Debug)]
struct Sample {
    at: Timestamp,
    totals: Vec<Total>,
}

/// What each key spent lately.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lately {
    /// How long this is, as near to what was asked for as is known.
    pub(super) seconds: i64,
    /// By name.
    pub(super) spent: HashMap<String, Total>,
}

/// Samples in the order of time, and the names of the keys in them.
#[derive(Debug, Default)]
pub(super) struct History {
    names: Vec<String>,
    places: HashMap<String, usize>,
    samples: Vec<Sample>,
}

impl Total {
    /// What came on top of an earlier total.
    pub(super) fn since(self, earlier: Self) -> Self {
        Self {
            cost: self.cost.checked_sub(earlier.cost).unwrap_or_default(),
            calls: self.calls.saturating_sub(earlier.calls),
            errors: self.errors.saturating_sub(earlier.errors),
        }
    }

    /// Both together.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            cost: self.cost.checked_add(other.cost).unwrap_or(self.cost),
            calls: self.calls.saturating_add(other.calls),
            errors: self.errors.saturating_add(other.errors),
        }
    }
}

impl Lately {
    /// What one key spent.
    pub(super) fn of(&self, name: &str) -> Total {
        self.spent.get(name).copied().unwrap_or_default()
    }
}

impl History {
    pub(super) fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// Adds what all keys had spent at an instant.
    pub(super) fn add(&mut self, at: Timestamp, totals: &HashMap<String, Total>) {
        for name in totals.keys() {
            if !self.places.contains_key(name) {
                self.places.insert(name.clone(), self.names.len());
                self.names.push(name.clone());
            }
        }
        let of = |name: &String| totals.get(name).copied().unwrap_or_default();
        let totals = self.names.iter().map(of).collect();
        let place = self.samples.partition_point(|sample| sample.at <= at);
        self.samples.insert(place, Sample { at, totals });
        self.thin();
    }

    /// What was spent in the last so many seconds, or in what of them is known.
    pub(super) fn lately(&self, seconds: i64) -> Lately {
        let Some((newest, earlier)) = self.samples.split_last() else {
            return Lately::default();
        };
        let age = |sample: &Sample| newest.at.seconds() - sample.at.seconds();
        let known = earlier.iter().filter(|sample| age(sample) > 0);
        let Some(base) = known.min_by_key(|sample| (age(sample) - seconds).abs()) else {
            return Lately::default();
        };
        let spent = self.names.iter().zip(&newest.totals).enumerate();
        let spent = spent.map(|(place, (name, total))| {
            let before = base.totals.get(place).copied().unwrap_or_default();
            (name.clone(), total.since(before))
        });
        Lately {
            seconds: age(base),
            spent: spent.collect(),
        }
    }

    /// Forgets what is too old to be asked for, or too near to its neighbour.
    fn thin(&mut self) {
        let Some(newest) = self.samples.last().map(|sample| sample.at.seconds()) else {
            return;
        };
        let mut kept: Option<i64> = None;
        self.samples.retain(|sample| {
            let at = sample.at.seconds();
            let age = newest - at;
            let is_near = kept.is_some_and(|kept| at - kept < MINUTE);
            let keep = age <= KEPT_WHOLE || (age < 2 * HOUR && !is_near);
            if keep {
                kept = Some(at);
            }
            keep
        });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::{HOUR, History, MINUTE, Total};
    use keypurse_core::money::Money;
    use keypurse_core::time::Timestamp;

    fn totals(cents: i64) -> HashMap<String, Total> {
        let total = Total {
            cost: Money::from_nanos(cents * 10_000_000),
            calls: u64::try_from(cents).unwrap(),
            errors: 0,
        };
        HashMap::from([("a".to_owned(), total)])
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn calls(history: &History, seconds: i64) -> (i64, u64) {
        let lately = history.lately(seconds);
        (
            lately.seconds,
            lately.spent.get("a").map_or(0, |total| total.calls),
        )
    }

    #[test]
    fn what_was_spent_lately_is_a_difference_over_as_much_as_is_known() {
        let mut history = History::default();
        assert_eq!(calls(&history, MINUTE), (0, 0));
        history.add(at(10_000), &totals(5));
        assert_eq!(calls(&history, MINUTE), (0, 0));
        history.add(at(10_020), &totals(7));
        assert_eq!(calls(&history, MINUTE), (20, 2));
        // What is learned later about earlier.
        history.add(at(10_020 - HOUR), &totals(1));
        assert_eq!(calls(&history, HOUR), (HOUR, 6));
        assert_eq!(calls(&history, MINUTE), (20, 2));
    }

    #[test]
    fn an_hour_of_samples_is_kept_and_not_more() {
        let mut history = History::default();
        for second in (0..3 * HOUR).step_by(2) {
            history.add(at(second), &totals(second));
        }
        assert!(history.samples.len() < 180, "{}", history.samples.len());
        assert_eq!(calls(&history, MINUTE), (60, 60));
        let (seconds, spent) = calls(&history, HOUR);
        assert!(
            (HOUR - MINUTE..=HOUR + MINUTE).contains(&seconds),
            "{seconds}"
        );
        assert_eq!(spent, u64::try_from(seconds).unwrap());
    }

    #[test]
    fn a_key_that_comes_later_had_spent_nothing() {
        let mut history = History::default();
        history.add(at(0), &HashMap::new());
        history.add(at(60), &totals(3));
        assert_eq!(calls(&history, MINUTE), (60, 3));
    }
}
