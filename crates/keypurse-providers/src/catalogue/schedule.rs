//! A model's prices and the times at which each applies.

use keypurse_core::price::Price;
use keypurse_core::time::Timestamp;

const SECONDS_PER_DAY: i64 = 86_400;
const MICROS_PER_SECOND: i64 = 1_000_000;

/// Rows of which the last one that applies counts.
///
/// Invariant: never empty, and one row always applies.
#[derive(Debug)]
pub(super) struct Schedule {
    rows: Vec<Row>,
}

/// One price, or why there is none, and when it applies.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) when: When,
    pub(super) price: Result<Price, String>,
}

/// When a price applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    Always,
    /// From this instant on.
    From(Timestamp),
    /// Every day from the first second of the UTC day to before the second
    /// one; over midnight when the second one is smaller.
    Daily(i64, i64),
}

impl Schedule {
    /// `None` when there can be an instant at which no row applies.
    pub(super) fn new(rows: Vec<Row>) -> Option<Self> {
        let always = rows.iter().any(|row| row.when == When::Always);
        always.then_some(Self { rows })
    }

    pub(super) fn row_at(&self, now: Timestamp) -> &Row {
        let applies = |row: &&Row| row.when.applies_at(now);
        self.rows
            .iter()
            .rev()
            .find(applies)
            .expect("one row always applies")
    }

    /// The first instant after `now` at which a row starts or stops to apply.
    pub(super) fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        self.rows
            .iter()
            .filter_map(|row| row.when.next_edge(now))
            .min()
    }
}

impl When {
    fn applies_at(self, now: Timestamp) -> bool {
        match self {
            Self::Always => true,
            Self::From(start) => now >= start,
            Self::Daily(start, end) => {
                let second = now.seconds().rem_euclid(SECONDS_PER_DAY);
                let (started, ended) = (start <= second, end <= second);
                if start <= end {
                    started && !ended
                } else {
                    started || !ended
                }
            }
        }
    }

    fn next_edge(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Always => None,
            Self::From(start) => (start > now).then_some(start),
            Self::Daily(start, end) => [start, end]
                .map(|second| next_daily(now, second))
                .into_iter()
                .min(),
        }
    }
}

/// The first instant after `now` at this second of a UTC day.
fn next_daily(now: Timestamp, second: i64) -> Timestamp {
    let whole = Timestamp::from_micros(now.seconds().saturating_mul(MICROS_PER_SECOND));
    let since = (now.seconds() - second).rem_euclid(SECONDS_PER_DAY);
    whole.plus_seconds(SECONDS_PER_DAY - since)
}

#[cfg(test)]
mod tests {
    use keypurse_core::price::Price;
    use keypurse_core::time::Timestamp;

    use super::{Row, Schedule, When};

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn hours(start: i64, end: i64) -> When {
        When::Daily(start * 3600, end * 3600)
    }

    #[test]
    fn a_price_applies_when_its_time_has_come() {
        for (when, now, expected) in [
            (
                When::From(at("2026-08-17")),
                "2026-08-16T23:59:59.999999Z",
                false,
            ),
            (When::From(at("2026-08-17")), "2026-08-17T00:00:00Z", true),
            (hours(1, 4), "2026-01-01T00:59:59.999999Z", false),
            (hours(1, 4), "2026-01-01T01:00:00Z", true),
            (hours(1, 4), "2026-01-01T03:59:59.999999Z", true),
            (hours(1, 4), "2026-01-01T04:00:00Z", false),
            (hours(22, 2), "2026-01-01T23:00:00Z", true),
            (hours(22, 2), "2026-01-01T01:00:00Z", true),
            (hours(22, 2), "2026-01-01T02:00:00Z", false),
            (hours(1, 4), "1969-12-31T01:00:00Z", true),
        ] {
            assert_eq!(when.applies_at(at(now)), expected, "{when:?} at {now}");
        }
    }

    #[test]
    fn the_next_change_is_the_first_instant_that_may_differ() {
        let row = |when| Row {
            when,
            price: Ok(Price::free()),
        };
        let dated = When::From(at("2026-01-02"));
        let schedule =
            Schedule::new(vec![row(When::Always), row(dated), row(hours(1, 4))]).unwrap();
        for (now, expected) in [
            ("2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z"),
            ("2026-01-01T01:00:00Z", "2026-01-01T04:00:00Z"),
            ("2026-01-01T03:59:59.5Z", "2026-01-01T04:00:00Z"),
            ("2026-01-01T04:00:00Z", "2026-01-02T00:00:00Z"),
            ("2026-01-02T00:00:00Z", "2026-01-02T01:00:00Z"),
            ("2026-01-02T05:00:00Z", "2026-01-03T01:00:00Z"),
        ] {
            assert_eq!(schedule.next_change(at(now)), Some(at(expected)), "{now}");
        }
        let fixed = Schedule::new(vec![row(When::Always)]).unwrap();
        assert_eq!(fixed.next_change(at("2026-01-01")), None);
    }

    #[test]
    fn a_schedule_has_a_price_for_every_instant() {
        let row = Row {
            when: When::From(at("2026-01-01")),
            price: Ok(Price::free()),
        };
        assert!(Schedule::new(vec![row]).is_none());
    }
}
