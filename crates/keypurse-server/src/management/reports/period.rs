//! What periods are called.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use keypurse_core::time::Timestamp;
use keypurse_store::Step;

use super::range::Range;

/// Names periods: by their first day, hours by their first instant, and the
/// whole range by the day it begins with.
#[derive(Clone, Debug)]
pub(super) struct Periods {
    /// The days asked for.
    pub(super) range: Range,
    /// How they are put together.
    pub(super) step: Step,
    /// Whose days they are.
    pub(super) zone: TimeZone,
}

impl Periods {
    /// Names one period after the other: most sums are of the last one's.
    pub(super) fn names(&self) -> impl FnMut(Timestamp) -> Arc<str> {
        let mut last: Option<(Timestamp, Arc<str>)> = None;
        move |start| match &last {
            Some((known, name)) if *known == start => Arc::clone(name),
            Some(_) | None => {
                let name = Arc::from(self.name(start));
                last = Some((start, Arc::clone(&name)));
                name
            }
        }
    }

    /// The name of the period that starts then.
    pub(super) fn name(&self, start: Timestamp) -> String {
        match self.step {
            Step::Whole => self.range.begin.to_string(),
            Step::Hour => start.to_string(),
            Step::Day | Step::Week | Step::Month | Step::Year => {
                day_of(start, &self.zone).to_string()
            }
        }
    }
}

/// The day an instant is on.
pub(super) fn day_of(at: Timestamp, zone: &TimeZone) -> Date {
    let at = jiff::Timestamp::from_microsecond(at.micros()).unwrap_or(jiff::Timestamp::MAX);
    at.to_zoned(zone.clone()).date()
}

#[cfg(test)]
mod tests {
    use super::Periods;
    use crate::management::reports::range::Range;
    use jiff::civil::date;
    use jiff::tz::TimeZone;
    use keypurse_core::time::Timestamp;
    use keypurse_store::Step;

    #[test]
    fn a_period_is_called_by_its_first_day_there() {
        for (step, start, expected) in [
            (Step::Day, "2026-01-06T23:00:00Z", "2026-01-07"),
            (Step::Week, "2026-01-04T23:00:00Z", "2026-01-05"),
            (Step::Month, "2025-12-31T23:00:00Z", "2026-01-01"),
            (Step::Year, "2025-12-31T23:00:00Z", "2026-01-01"),
            (Step::Whole, "2025-12-31T23:00:00Z", "2026-01-07"),
            (Step::Hour, "2026-01-06T23:00:00Z", "2026-01-06T23:00:00Z"),
        ] {
            let periods = Periods {
                range: Range {
                    begin: date(2026, 1, 7),
                    end: date(2026, 1, 8),
                },
                step,
                zone: TimeZone::get("Europe/Paris").unwrap(),
            };
            let start = Timestamp::parse(start).unwrap();
            assert_eq!(periods.name(start), expected, "{step:?}");
        }
    }
}
