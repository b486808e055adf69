//! When a periodic balance is set back.

use jiff::tz::TimeZone;
use jiff::{ToSpan, civil::Date};

use crate::money::Money;
use crate::time::Timestamp;

const DAY: i64 = 24 * 3600;

/// How often a balance is set back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResetPeriod {
    /// At the first instant of every day.
    Daily,
    /// At the first instant of every Monday.
    Weekly,
    /// At the first instant of the 1st of every month.
    Monthly,
}

impl ResetPeriod {
    /// Two periods, in seconds, the longest there are. A clock that steps back
    /// within one must not reset twice.
    fn two_periods(self) -> i64 {
        match self {
            Self::Daily => 2 * DAY,
            Self::Weekly => 14 * DAY,
            Self::Monthly => 62 * DAY,
        }
    }

    /// The first reset strictly after `now`, in the days of `zone`.
    pub fn next_after(self, now: Timestamp, zone: &TimeZone) -> Timestamp {
        let today = now.to_jiff().to_zoned(zone.clone()).date();
        let next = match self {
            Self::Daily => today.saturating_add(1.day()),
            Self::Weekly => {
                let days = 7 - i64::from(today.weekday().to_monday_zero_offset());
                today.saturating_add(days.days())
            }
            Self::Monthly => today.first_of_month().saturating_add(1.month()),
        };
        first_instant(next, zone)
    }
}

/// Midnight, or the first instant after it where clocks jump over midnight.
fn first_instant(day: Date, zone: &TimeZone) -> Timestamp {
    day.to_zoned(zone.clone())
        .map_or(Timestamp::from_micros(i64::MAX), |start| {
            Timestamp::from_micros(start.timestamp().as_microsecond())
        })
}

/// A token's periodic budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reset {
    /// How often.
    pub period: ResetPeriod,
    /// What the balance is set back to.
    pub amount: Money,
    /// When next. Kept as an instant, so that a clock that steps back does not
    /// reset twice.
    pub next_at: Timestamp,
}

impl Reset {
    /// Whether the balance has to be set back before anything else happens.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.next_at <= now
    }

    /// Whether the next reset is further away than its period makes it: it was
    /// set by a clock that had jumped ahead, and would not come for long.
    pub fn is_astray(&self, now: Timestamp) -> bool {
        now.plus_seconds(self.period.two_periods()) < self.next_at
    }
}

#[cfg(test)]
mod tests {
    use super::Reset;
    use super::ResetPeriod::{self, Daily, Monthly, Weekly};
    use crate::money::Money;
    use crate::time::Timestamp;
    use jiff::tz::TimeZone;

    fn check(period: ResetPeriod, zone: &str, now: &str, expected: &str) {
        let zone = TimeZone::get(zone).unwrap();
        let next = period.next_after(Timestamp::parse(now).unwrap(), &zone);
        assert_eq!(next.to_string(), expected, "{period:?} after {now}");
    }

    #[test]
    fn a_reset_further_away_than_two_periods_is_astray() {
        let now = Timestamp::parse("2026-11-21T12:00:00Z").unwrap();
        for (period, furthest) in [
            (Daily, "2026-11-23T12:00:00Z"),
            (Weekly, "2026-12-05T12:00:00Z"),
            (Monthly, "2027-01-22T12:00:00Z"),
        ] {
            let furthest = Timestamp::parse(furthest).unwrap();
            for (next_at, expected) in [
                (furthest, false),
                (Timestamp::from_micros(furthest.micros() + 1), true),
            ] {
                let amount = Money::ZERO;
                let reset = Reset {
                    period,
                    amount,
                    next_at,
                };
                assert_eq!(reset.is_astray(now), expected, "{period:?} {next_at}");
            }
        }
    }

    #[test]
    fn a_reset_runs_at_the_first_instant_of_the_local_day() {
        check(
            Daily,
            "UTC",
            "2026-11-21T23:59:59.999999Z",
            "2026-11-22T00:00:00Z",
        );
        check(Daily, "UTC", "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z");
        check(
            Weekly,
            "UTC",
            "2026-11-21T12:00:00Z",
            "2026-11-23T00:00:00Z",
        );
        check(
            Weekly,
            "UTC",
            "2026-11-23T00:00:00Z",
            "2026-11-30T00:00:00Z",
        );
        check(
            Monthly,
            "UTC",
            "2026-12-31T23:00:00Z",
            "2027-01-01T00:00:00Z",
        );
        check(
            Monthly,
            "UTC",
            "2028-01-31T00:00:00Z",
            "2028-02-01T00:00:00Z",
        );
        check(
            Daily,
            "Europe/Paris",
            "2026-11-21T22:59:59Z",
            "2026-11-21T23:00:00Z",
        );
        check(
            Daily,
            "Europe/Paris",
            "2026-03-28T23:00:00Z",
            "2026-03-29T22:00:00Z",
        );
    }

    #[test]
    fn a_day_without_midnight_starts_after_the_jump() {
        // Clocks in Santiago go from 2026-09-06 00:00 to 01:00.
        check(
            Daily,
            "America/Santiago",
            "2026-09-05T12:00:00Z",
            "2026-09-06T04:00:00Z",
        );
    }
}
