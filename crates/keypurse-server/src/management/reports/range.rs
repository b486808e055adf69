//! Which days a report is about, and how they are put together.

use jiff::ToSpan;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use keypurse_core::time::Timestamp;
use keypurse_store::Step;

use super::parameters::{Parameters, choice};
use crate::http::fields::Reason;

pub(super) const BEGIN: &str = "begin";
pub(super) const END: &str = "end";
pub(super) const STEP: &str = "step";

const NOT_A_DATE: &str = "Date has wrong format. Use one of these formats instead: YYYY-MM-DD.";
const BEFORE_BEGIN: &str = "Ensure this date is not before `begin`.";
const MANY_HOURS: &str = "Ensure there are no more than 7 days of hours (step 5).";
/// Days that hours can be asked of at once.
const MAX_DAYS_OF_HOURS: i32 = 7;
/// For how many days hours are kept: see [`Step::Hour`].
const HOURS_KEPT_DAYS: i32 = 62;

/// No call was made before or will be made after, and no zone's calendar ends
/// in between.
const FIRST: Date = date(1970, 1, 2);
const LAST: Date = date(2199, 12, 31);

const PERIODS: [(&str, Step); 4] = [
    ("1", Step::Day),
    ("2", Step::Week),
    ("3", Step::Month),
    ("4", Step::Year),
];
const MORE_PERIODS: [(&str, Step); 6] = [
    ("0", Step::Whole),
    ("1", Step::Day),
    ("2", Step::Week),
    ("3", Step::Month),
    ("4", Step::Year),
    ("5", Step::Hour),
];

/// Days from the first to the last, both of them counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    /// The first, as it was asked for.
    pub(super) begin: Date,
    /// The last, as it was asked for.
    pub(super) end: Date,
}

impl Range {
    /// Reads both days. `None`: one is missing or wrong, and that is told.
    pub(super) fn read(parameters: &mut Parameters) -> Option<Self> {
        let begin = parameters.required(BEGIN, day);
        let end = parameters.required(END, day);
        Self::ordered(parameters, begin?, end?)
    }

    fn ordered(parameters: &mut Parameters, begin: Date, end: Date) -> Option<Self> {
        if end < begin {
            parameters.faults.add(END, BEFORE_BEGIN);
            return None;
        }
        Some(Self { begin, end })
    }

    /// Days on which there can be calls at all.
    pub(super) fn clipped(self) -> Self {
        Self {
            begin: self.begin.clamp(FIRST, LAST),
            end: self.end.clamp(FIRST, LAST),
        }
    }

    /// Whether these periods are still told apart.
    pub(super) fn is_kept(self, step: Step, today: Date) -> bool {
        step != Step::Hour || (today - self.begin.min(today)).get_days() <= HOURS_KEPT_DAYS
    }

    /// How many periods there are at most up to a day: days to come have no
    /// calls.
    pub(super) fn periods(self, step: Step, today: Date) -> u64 {
        let Self { begin, end } = self.clipped();
        // The clock may be a little behind that of the calls.
        let end = end.min(day_after(today)).max(begin);
        let days = 1 + (end - begin).get_days().unsigned_abs();
        let periods = match step {
            Step::Hour => days * 25,
            Step::Day => days,
            Step::Week => days / 7 + 2,
            Step::Month => days / 28 + 2,
            Step::Year => days / 365 + 2,
            Step::Whole => 1,
        };
        u64::from(periods)
    }
}

/// Reads days that may be absent: from the first instant of one to that of the
/// day after the other.
pub(super) fn open_range(
    parameters: &mut Parameters,
    zone: &TimeZone,
) -> (Option<Timestamp>, Option<Timestamp>) {
    let begin = parameters.optional(BEGIN, day);
    let end = parameters.optional(END, day);
    if let (Some(begin), Some(end)) = (begin, end) {
        Range::ordered(parameters, begin, end);
    }
    let begin = begin.map(|day| first_instant(day.clamp(FIRST, LAST), zone));
    let end = end.map(|day| first_instant(day_after(day.clamp(FIRST, LAST)), zone));
    (begin, end)
}

/// Reads how long a period is; what only groups know is refused elsewhere.
pub(super) fn step(
    parameters: &mut Parameters,
    range: Option<Range>,
    groups: Groups,
) -> Option<Step> {
    let step = match groups {
        Groups::Asked => parameters.required(STEP, |text| choice(text, &MORE_PERIODS)),
        Groups::Not => parameters.required(STEP, period),
    }?;
    let is_long = |range: Range| (range.end - range.begin).get_days() >= MAX_DAYS_OF_HOURS;
    if step == Step::Hour && range.is_some_and(is_long) {
        parameters.faults.add(END, MANY_HOURS);
    }
    Some(step)
}

/// Whether groups are asked for: they know more periods.
#[derive(Clone, Copy, Debug)]
pub(super) enum Groups {
    /// They are.
    Asked,
    /// They are not.
    Not,
}

fn period(text: &str) -> Result<Step, Reason> {
    if text == "0" || text == "5" {
        return Err("The steps 0 (all at once) and 5 (hours) need `group_by`.".into());
    }
    choice(text, &PERIODS)
}

/// A day, written as `YYYY-MM-DD` and in no other way.
fn day(text: &str) -> Result<Date, Reason> {
    read_day(text).ok_or(Reason::Borrowed(NOT_A_DATE))
}

fn read_day(text: &str) -> Option<Date> {
    let mut parts = text.splitn(3, '-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let number = |digits: &str, length| {
        let is_it = digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_it.then(|| digits.parse::<i16>().ok()).flatten()
    };
    let year = number(year, 4).filter(|year| *year > 0)?;
    let month = i8::try_from(number(month, 2)?).ok()?;
    let day = i8::try_from(number(day, 2)?).ok()?;
    Date::new(year, month, day).ok()
}

/// Midnight, or the first instant after it where clocks jump over midnight.
pub(super) fn first_instant(day: Date, zone: &TimeZone) -> Timestamp {
    let start = day.to_zoned(zone.clone());
    start.map_or(Timestamp::from_micros(i64::MAX), |start| {
        Timestamp::from_micros(start.timestamp().as_microsecond())
    })
}

/// The next day.
pub(super) fn day_after(day: Date) -> Date {
    day.saturating_add(1.day())
}

#[cfg(test)]
mod tests {
    use super::{Groups, LAST, Parameters, Range, open_range, read_day, step};
    use jiff::civil::date;
    use jiff::tz::TimeZone;
    use keypurse_store::Step;

    const KNOWN: &[&str] = &["begin", "end", "step"];

    fn read(query: &str, groups: Groups) -> Result<(Range, Step), Vec<String>> {
        let mut parameters = Parameters::read(Some(query), KNOWN);
        let range = Range::read(&mut parameters);
        let step = step(&mut parameters, range, groups);
        let faults = ["begin", "end", "step"].into_iter();
        let wrong: Vec<_> = faults
            .filter(|name| parameters.faults.has(name))
            .map(str::to_owned)
            .collect();
        let read = range.zip(step).filter(|_| wrong.is_empty());
        read.ok_or(wrong)
    }

    #[test]
    fn a_day_is_written_in_one_way() {
        for (text, is_one) in [
            ("2026-01-01", true),
            ("2024-02-29", true),
            ("0001-01-01", true),
            ("9999-12-31", true),
            ("2026-02-29", false),
            ("0000-01-01", false),
            ("2026-1-1", false),
            ("20260101", false),
            ("2026-01-01T00:00:00Z", false),
            ("2026-01-+1", false),
            (" 2026-01-01", false),
            ("01/01/2026", false),
            ("today", false),
        ] {
            assert_eq!(read_day(text).is_some(), is_one, "{text}");
        }
    }

    #[test]
    fn whatever_is_missing_or_wrong_is_named() {
        for (query, expected) in [
            ("", &["begin", "end", "step"][..]),
            ("begin=x&end=2026-01-01&step=9", &["begin", "step"]),
            ("begin=2026-01-02&end=2026-01-01&step=1", &["end"]),
            ("begin=2026-01-01&end=2026-01-01&step=0", &["step"]),
            ("begin=2026-01-01&end=2026-01-01&step=5", &["step"]),
            ("begin=2026-01-01&end=2026-01-01&step=01", &["step"]),
            ("begin=2026-01-01&end=2026-01-01&step=1", &[]),
        ] {
            let wrong = read(query, Groups::Not).err().unwrap_or_default();
            assert_eq!(wrong, expected, "{query}");
        }
    }

    #[test]
    fn hours_are_told_of_a_week_at_most() {
        let (range, step) = read("begin=2026-01-01&end=2026-01-07&step=5", Groups::Asked).unwrap();
        assert_eq!((range.periods(step, LAST), step), (175, Step::Hour));
        let wrong = read("begin=2026-01-01&end=2026-01-08&step=5", Groups::Asked);
        assert_eq!(wrong.unwrap_err(), ["end"]);
        let whole = read("begin=0001-01-01&end=9999-12-31&step=0", Groups::Asked);
        let (range, step) = whole.unwrap();
        assert_eq!(range.periods(step, LAST), 1);
        let today = date(1970, 1, 31);
        for (step, expected) in [(Step::Day, 31), (Step::Week, 6), (Step::Month, 3)] {
            assert_eq!(
                range.periods(step, today),
                expected,
                "days to come are no work"
            );
        }
    }

    #[test]
    fn days_that_may_be_absent_are_instants() {
        let zone = TimeZone::get("America/Santiago").unwrap();
        let query = Some("begin=2026-09-06&end=2026-09-06");
        let mut parameters = Parameters::read(query, KNOWN);
        let (from, until) = open_range(&mut parameters, &zone);
        let shown = |at: Option<keypurse_core::time::Timestamp>| at.unwrap().to_string();
        // Clocks there go from 00:00 to 01:00 on this day.
        assert_eq!(shown(from), "2026-09-06T04:00:00Z");
        assert_eq!(shown(until), "2026-09-07T03:00:00Z");
        let mut parameters = Parameters::read(Some("end=9999-12-31"), KNOWN);
        let (from, until) = open_range(&mut parameters, &zone);
        assert!(from.is_none() && until.is_some() && parameters.faults.is_empty());
    }
}
