//! In which hour and on which day a call is counted.

use std::ops::Range;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use keypurse_core::time::Timestamp;

const FIRST: Date = date(1970, 1, 1);
const HOUR_SECONDS: i64 = 3600;

/// Where a call is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot {
    /// The first minute of the local hour, counted from 1970 in UTC.
    pub(crate) hour: i64,
    /// The local day, counted from 1970.
    pub(crate) day: i32,
}

/// The days of a zone. Remembers the last hour: calls end one after the other.
#[derive(Clone, Debug)]
pub(crate) struct Days {
    zone: TimeZone,
    last: Option<(Range<i64>, Slot)>,
}

impl Days {
    pub(crate) const fn of(zone: TimeZone) -> Self {
        Self { zone, last: None }
    }

    /// Whose days.
    pub(crate) const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Where a call is counted that ended at an instant.
    pub(crate) fn slot(&mut self, at: Timestamp) -> Slot {
        if let Some((span, slot)) = &self.last
            && span.contains(&at.micros())
        {
            return *slot;
        }
        let (span, slot) = self.find(at);
        self.last = Some((span, slot));
        slot
    }

    fn find(&self, at: Timestamp) -> (Range<i64>, Slot) {
        let instant = to_jiff(at);
        let seconds = at.seconds();
        let offset = i64::from(self.zone.to_offset(instant).seconds());
        let begin = seconds - (seconds + offset).rem_euclid(HOUR_SECONDS);
        let slot = Slot {
            hour: begin.div_euclid(60),
            day: number(self.zone.to_datetime(instant).date()),
        };
        // Clocks are set in the middle of an hour, too.
        let (mut from, mut until) = (begin * 1_000_000, (begin + HOUR_SECONDS) * 1_000_000);
        let just_after = to_jiff(Timestamp::from_micros(at.micros().saturating_add(1)));
        if let Some(set) = self.zone.preceding(just_after).next() {
            from = from.max(set.timestamp().as_microsecond());
        }
        if let Some(set) = self.zone.following(instant).next() {
            until = until.min(set.timestamp().as_microsecond());
        }
        (from..until, slot)
    }

    /// Midnight, or the first instant after it where clocks jump over midnight.
    pub(crate) fn first_instant(&self, day: i32) -> Timestamp {
        let start = from_number(day).to_zoned(self.zone.clone());
        start.map_or(Timestamp::from_micros(i64::MAX), |start| {
            Timestamp::from_micros(start.timestamp().as_microsecond())
        })
    }
}

fn to_jiff(at: Timestamp) -> jiff::Timestamp {
    let end = if at.micros() < 0 {
        jiff::Timestamp::MIN
    } else {
        jiff::Timestamp::MAX
    };
    jiff::Timestamp::from_microsecond(at.micros()).unwrap_or(end)
}

/// A day, counted from 1970.
pub(crate) fn number(day: Date) -> i32 {
    let days = day.duration_since(FIRST).as_hours() / 24;
    i32::try_from(days).expect("a civil date is within 4 million days of 1970")
}

/// The day a number counts to.
pub(crate) fn from_number(day: i32) -> Date {
    FIRST.saturating_add(day.days())
}

/// The month of a day, as a number.
pub(crate) fn month(day: i32) -> i32 {
    let day = from_number(day);
    i32::from(day.year()) * 12 + i32::from(day.month()) - 1
}

/// The first day of a month.
pub(crate) fn first_day(month: i32) -> i32 {
    let year = i16::try_from(month.div_euclid(12)).expect("a year of a civil date");
    let month = i8::try_from(month.rem_euclid(12) + 1).expect("1 to 12");
    Date::new(year, month, 1).map_or(i32::MAX, number)
}

#[cfg(test)]
mod tests {
    use super::{Days, first_day, from_number, month, number};
    use jiff::civil::date;
    use jiff::tz::TimeZone;
    use keypurse_core::time::Timestamp;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn an_hour_begins_and_a_day_ends_by_the_clocks_of_the_zone() {
        for (zone, instant, hour, day) in [
            (
                "UTC",
                "2026-03-01T00:59:59.999999Z",
                "2026-03-01T00:00:00Z",
                (2026, 3, 1),
            ),
            (
                "Asia/Kolkata",
                "2026-03-01T18:29:59Z",
                "2026-03-01T17:30:00Z",
                (2026, 3, 1),
            ),
            (
                "Asia/Kolkata",
                "2026-03-01T18:30:00Z",
                "2026-03-01T18:30:00Z",
                (2026, 3, 2),
            ),
            (
                "Asia/Kathmandu",
                "2026-03-01T18:15:00Z",
                "2026-03-01T18:15:00Z",
                (2026, 3, 2),
            ),
            // Clocks go back at 06:00Z: the hour from 05:00Z comes twice.
            (
                "America/New_York",
                "2026-11-01T05:30:00Z",
                "2026-11-01T05:00:00Z",
                (2026, 11, 1),
            ),
            (
                "America/New_York",
                "2026-11-01T06:30:00Z",
                "2026-11-01T06:00:00Z",
                (2026, 11, 1),
            ),
            (
                "America/New_York",
                "2026-11-02T04:59:59Z",
                "2026-11-02T04:00:00Z",
                (2026, 11, 1),
            ),
            (
                "America/New_York",
                "2026-11-02T05:00:00Z",
                "2026-11-02T05:00:00Z",
                (2026, 11, 2),
            ),
            (
                "UTC",
                "1969-12-31T23:59:59Z",
                "1969-12-31T23:00:00Z",
                (1969, 12, 31),
            ),
        ] {
            let mut days = Days::of(TimeZone::get(zone).unwrap());
            let slot = days.slot(at(instant));
            assert_eq!(slot.hour * 60, at(hour).seconds(), "{zone} {instant}");
            let (year, month, day) = day;
            assert_eq!(
                from_number(slot.day),
                date(year, month, day),
                "{zone} {instant}"
            );
        }
    }

    /// Half-hour clocks on Lord Howe: an hour is cut short.
    #[test]
    fn what_is_remembered_is_what_would_be_found() {
        for zone in [
            "UTC",
            "Asia/Kolkata",
            "America/New_York",
            "Australia/Lord_Howe",
        ] {
            let mut remembering = Days::of(TimeZone::get(zone).unwrap());
            let forgetful = remembering.clone();
            for begin in [
                "2026-04-04T12:00:00Z",
                "2026-10-03T12:00:00Z",
                "2026-11-01T00:00:00Z",
            ] {
                for step in 0..400 {
                    let at = at(begin).plus_seconds(step * 301);
                    assert_eq!(remembering.slot(at), forgetful.find(at).1, "{zone} {at}");
                }
            }
        }
    }

    #[test]
    fn days_and_months_are_numbers_and_back() {
        for day in [
            date(1969, 12, 31),
            date(1970, 1, 1),
            date(2024, 2, 29),
            date(2026, 12, 31),
        ] {
            assert_eq!(from_number(number(day)), day);
            assert_eq!(
                from_number(first_day(month(number(day)))),
                day.first_of_month()
            );
        }
        assert_eq!(number(date(1970, 1, 1)), 0);
        assert_eq!(number(date(1969, 12, 31)), -1);
        assert_eq!(month(number(date(2026, 11, 22))), 2026 * 12 + 10);
    }
}
