//! Days and periods, in the zone whose days bound budgets.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{ToSpan, Unit};
use keypurse_core::time::Timestamp;
use keypurse_store::Step;

use crate::dashboard::figures::{self, clock_time, date_of, day_of_month, start_of};
use crate::state::AppState;

const HOUR: i64 = 3600;

/// Whole days, both ends counted. Invariant: `begin ≤ end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dashboard) struct Range {
    pub(in crate::dashboard) begin: Date,
    pub(in crate::dashboard) end: Date,
}

/// Now, and the zone days are of.
#[derive(Clone, Debug)]
pub(in crate::dashboard) struct Calendar {
    pub(in crate::dashboard) now: Timestamp,
    pub(in crate::dashboard) zone: TimeZone,
}

/// A period of a chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::dashboard) struct Period {
    /// Its first instant.
    pub(in crate::dashboard) start: Timestamp,
    /// What stands below it.
    pub(in crate::dashboard) label: String,
}

impl Range {
    /// The last so many days, today included.
    pub(in crate::dashboard) fn last_days(days: i32, today: Date) -> Self {
        Self {
            begin: today.saturating_sub((days - 1).days()),
            end: today,
        }
    }

    /// The month up to today.
    pub(in crate::dashboard) fn month_to(today: Date) -> Self {
        Self {
            begin: today.first_of_month(),
            end: today,
        }
    }

    /// How many days.
    pub(in crate::dashboard) fn days(self) -> i32 {
        let span = self.begin.until((Unit::Day, self.end));
        span.map_or(1, |span| span.get_days() + 1)
    }

    /// What to compare with: for whole months as many months before, else as
    /// many days.
    pub(in crate::dashboard) fn before(self) -> Self {
        let end = self.begin.saturating_sub(1.day());
        let is_whole_months = self.begin.day() == 1 && self.end == self.end.last_of_month();
        let begin = if is_whole_months {
            let years = i32::from(self.end.year()) - i32::from(self.begin.year());
            let months = years * 12 + i32::from(self.end.month()) - i32::from(self.begin.month());
            self.begin.saturating_sub((months + 1).months())
        } else {
            self.begin.saturating_sub(self.days().days())
        };
        Self { begin, end }
    }

    /// `1 Nov – 21 Nov 2026`
    pub(in crate::dashboard) fn title(self) -> String {
        if self.begin == self.end {
            return figures::date(self.end);
        }
        let begin = if self.begin.year() == self.end.year() {
            day_of_month(self.begin)
        } else {
            figures::date(self.begin)
        };
        format!("{begin} – {}", figures::date(self.end))
    }

    /// The step that gives a chart some dozens of points.
    pub(in crate::dashboard) fn natural_step(self) -> Step {
        match self.days() {
            ..=2 => Step::Hour,
            3..=100 => Step::Day,
            101..=400 => Step::Week,
            401..=3000 => Step::Month,
            _ => Step::Year,
        }
    }
}

impl Calendar {
    /// The node's.
    pub(in crate::dashboard) fn of(state: &AppState) -> Self {
        Self {
            now: state.now(),
            zone: state.settings.zone.clone(),
        }
    }

    /// The current day.
    pub(in crate::dashboard) fn today(&self) -> Date {
        date_of(self.now, &self.zone)
    }

    /// All periods of a range, those without calls too.
    pub(in crate::dashboard) fn periods(&self, range: Range, step: Step) -> Vec<Period> {
        if step == Step::Hour {
            return self.hours(range);
        }
        let following = |day: Date| match step {
            Step::Week => day.saturating_add(1.week()),
            Step::Month => day.saturating_add(1.month()),
            Step::Year => day.saturating_add(1.year()),
            Step::Day | Step::Hour => day.saturating_add(1.day()),
            Step::Whole => Date::MAX,
        };
        let first = first_day(range.begin, step);
        let days = std::iter::successors(Some(first), |day| Some(following(*day)));
        let days = days.take_while(|day| *day <= range.end && *day < Date::MAX);
        days.map(|day| Period {
            start: start_of(day, &self.zone),
            label: label(day, range, step),
        })
        .collect()
    }

    fn hours(&self, range: Range) -> Vec<Period> {
        let first = start_of(range.begin, &self.zone).seconds();
        let end = start_of(range.end.saturating_add(1.day()), &self.zone).seconds();
        let first = first - first.rem_euclid(HOUR);
        let hours = (0..).map(|hour| first + hour * HOUR);
        let hours = hours.take_while(|start| *start < end);
        hours
            .map(|start| {
                let start = Timestamp::default().plus_seconds(start);
                let day = day_of_month(date_of(start, &self.zone));
                Period {
                    start,
                    label: format!("{day}, {}", clock_time(start, &self.zone)),
                }
            })
            .collect()
    }
}

fn first_day(day: Date, step: Step) -> Date {
    match step {
        Step::Week => {
            let since_monday = i64::from(day.weekday().to_monday_zero_offset());
            day.saturating_sub(since_monday.days())
        }
        Step::Month => day.first_of_month(),
        Step::Year => day.first_of_year(),
        Step::Day | Step::Hour | Step::Whole => day,
    }
}

fn label(day: Date, range: Range, step: Step) -> String {
    match step {
        Step::Month => day.strftime("%b %Y").to_string(),
        Step::Year => day.strftime("%Y").to_string(),
        Step::Whole => range.title(),
        Step::Hour | Step::Day | Step::Week if range.begin.year() == range.end.year() => {
            day_of_month(day)
        }
        Step::Hour | Step::Day | Step::Week => figures::date(day),
    }
}

#[cfg(test)]
mod tests {
    use super::{Calendar, Range};
    use jiff::civil::{Date, date};
    use jiff::tz::TimeZone;
    use keypurse_core::time::Timestamp;
    use keypurse_store::Step;

    fn calendar(zone: &str) -> Calendar {
        Calendar {
            now: Timestamp::parse("2026-11-21T12:00:00Z").unwrap(),
            zone: TimeZone::get(zone).unwrap(),
        }
    }

    fn range(begin: Date, end: Date) -> Range {
        Range { begin, end }
    }

    #[test]
    fn months_are_compared_with_months_and_days_with_days() {
        for (begin, end, expected) in [
            (date(2026, 11, 1), date(2026, 11, 30), date(2026, 10, 1)),
            (date(2026, 1, 1), date(2026, 12, 31), date(2025, 1, 1)),
            (date(2026, 11, 15), date(2026, 11, 21), date(2026, 11, 8)),
            (date(2026, 11, 21), date(2026, 11, 21), date(2026, 11, 20)),
        ] {
            let before = range(begin, end).before();
            assert_eq!(before.begin, expected, "{begin}");
            assert_eq!(before.end, begin.yesterday().unwrap());
        }
    }

    #[test]
    fn a_chart_has_every_period_of_its_range() {
        let november = range(date(2026, 11, 1), date(2026, 11, 21));
        let calendar = calendar("UTC");
        for (step, count, first, last) in [
            (Step::Day, 21, "1 Nov", "21 Nov"),
            (Step::Week, 4, "26 Oct", "16 Nov"),
            (Step::Month, 1, "Nov 2026", "Nov 2026"),
            (Step::Year, 1, "2026", "2026"),
            (Step::Whole, 1, "1 Nov – 21 Nov 2026", "1 Nov – 21 Nov 2026"),
            (Step::Hour, 504, "1 Nov, 00:00", "21 Nov, 23:00"),
        ] {
            let periods = calendar.periods(november, step);
            assert_eq!(periods.len(), count, "{step:?}");
            assert_eq!(periods[0].label, first);
            assert_eq!(periods[count - 1].label, last);
        }
    }

    #[test]
    fn a_day_that_loses_an_hour_has_23() {
        let day = date(2026, 3, 29);
        let hours = calendar("Europe/Paris").periods(range(day, day), Step::Hour);
        assert_eq!(hours.len(), 23);
        assert_eq!(hours[0].start.to_string(), "2026-03-28T23:00:00Z");
    }
}
