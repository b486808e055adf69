//! Days, instants and spans for people, in the zone whose days bound budgets.

use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use keypurse_core::time::Timestamp;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// How long something takes: `45 s`, `12 min`, `5 h`, `3 days`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dashboard) struct Span {
    /// In seconds.
    pub(in crate::dashboard) seconds: i64,
}

/// The day an instant is in.
pub(in crate::dashboard) fn date_of(at: Timestamp, zone: &TimeZone) -> Date {
    zoned(at, zone).date()
}

/// The first instant of a day.
pub(in crate::dashboard) fn start_of(day: Date, zone: &TimeZone) -> Timestamp {
    let start = day.to_zoned(zone.clone());
    start.map_or(Timestamp::from_micros(i64::MAX), |start| {
        Timestamp::from_micros(start.timestamp().as_microsecond())
    })
}

/// `21 Nov 2026`
pub(in crate::dashboard) fn date(day: Date) -> String {
    day.strftime("%-d %b %Y").to_string()
}

/// `21 Nov`
pub(in crate::dashboard) fn day_of_month(day: Date) -> String {
    day.strftime("%-d %b").to_string()
}

/// `21 Nov 2026, 12:00:05`
pub(in crate::dashboard) fn instant(at: Timestamp, zone: &TimeZone) -> String {
    zoned(at, zone).strftime("%-d %b %Y, %H:%M:%S").to_string()
}

/// `12:00`
pub(in crate::dashboard) fn clock_time(at: Timestamp, zone: &TimeZone) -> String {
    zoned(at, zone).strftime("%H:%M").to_string()
}

/// `3 min ago`
pub(in crate::dashboard) fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.seconds() - at.seconds();
    match seconds {
        ..=0 => "now".to_owned(),
        _ => format!("{} ago", Span { seconds }),
    }
}

fn zoned(at: Timestamp, zone: &TimeZone) -> jiff::Zoned {
    let at = jiff::Timestamp::from_microsecond(at.micros()).unwrap_or(jiff::Timestamp::MAX);
    at.to_zoned(zone.clone())
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seconds {
            seconds if seconds < MINUTE => write!(f, "{seconds} s"),
            seconds if seconds < HOUR => write!(f, "{} min", seconds / MINUTE),
            seconds if seconds < 2 * DAY => write!(f, "{} h", seconds / HOUR),
            seconds => write!(f, "{} days", seconds / DAY),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Span, ago, date, date_of, instant, start_of};
    use jiff::tz::TimeZone;
    use keypurse_core::time::Timestamp;

    #[test]
    fn instants_are_told_in_the_zone_of_the_budgets() {
        let paris = TimeZone::get("Europe/Paris").unwrap();
        let at = Timestamp::parse("2026-11-21T23:30:05Z").unwrap();
        assert_eq!(instant(at, &paris), "22 Nov 2026, 00:30:05");
        let day = date_of(at, &paris);
        assert_eq!(date(day), "22 Nov 2026");
        assert_eq!(start_of(day, &paris).to_string(), "2026-11-21T23:00:00Z");
    }

    #[test]
    fn spans_are_as_coarse_as_people_say_them() {
        for (seconds, expected) in [
            (5, "5 s"),
            (125, "2 min"),
            (7_300, "2 h"),
            (100_000, "27 h"),
            (400_000, "4 days"),
        ] {
            assert_eq!(Span { seconds }.to_string(), expected);
        }
        let at = Timestamp::default();
        assert_eq!(ago(at, at.plus_seconds(61)), "1 min ago");
        assert_eq!(ago(at, at), "now");
    }
}
