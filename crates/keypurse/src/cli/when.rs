//! Time as people write and read it.

use std::str::FromStr;

use keypurse_core::time::Timestamp;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Units as written, in seconds.
const UNITS: [(char, i64); 5] = [
    ('s', 1),
    ('m', MINUTE),
    ('h', HOUR),
    ('d', DAY),
    ('w', 7 * DAY),
];

/// A length of time such as `90m` or `30d`, in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) seconds: i64,
}

/// An instant, or so long from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    At(Timestamp),
    In(Span),
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write a number and s, m, h, d or w, like 90m or 30d".to_owned();
        let unit = |(unit, seconds): &(char, i64)| Some((text.strip_suffix(*unit)?, *seconds));
        let (number, seconds) = UNITS.iter().find_map(unit).ok_or_else(wrong)?;
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let number: Option<i64> = number.parse().ok().filter(|_| is_number);
        let seconds = number.and_then(|number| number.checked_mul(seconds));
        seconds.map(|seconds| Self { seconds }).ok_or_else(wrong)
    }
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let at = |_| Timestamp::parse(text).map(Self::At);
        text.parse().map(Self::In).or_else(at).map_err(|_| {
            "write a length of time like 30d, a date, or an instant like 2026-12-31T18:00:00Z"
                .to_owned()
        })
    }
}

impl When {
    pub(crate) fn from(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::In(span) => now.plus_seconds(span.seconds),
        }
    }
}

/// How far away an instant is: `in 3 days`, `2 minutes ago`.
pub(crate) fn relative(at: Timestamp, now: Timestamp) -> String {
    let seconds = at.seconds() - now.seconds();
    let length = length(seconds.abs());
    match seconds {
        0 => "now".to_owned(),
        1.. => format!("in {length}"),
        _ => format!("{length} ago"),
    }
}

/// The same for an instant as the API writes it.
pub(crate) fn relative_text(at: &str, now: Timestamp) -> String {
    Timestamp::parse(at).map_or_else(|_| at.to_owned(), |at| relative(at, now))
}

/// In the largest unit that says something.
pub(crate) fn length(seconds: i64) -> String {
    let (count, unit) = match seconds {
        ..MINUTE => (seconds, "second"),
        MINUTE..HOUR => (seconds / MINUTE, "minute"),
        HOUR..DAY => (seconds / HOUR, "hour"),
        _ => (seconds / DAY, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::{Span, When, relative_text};
    use keypurse_core::time::Timestamp;

    #[test]
    fn a_length_of_time_is_a_number_and_a_unit() {
        for (text, expected) in [
            ("0s", Some(0)),
            ("90m", Some(5400)),
            ("2h", Some(7200)),
            ("30d", Some(2_592_000)),
            ("1w", Some(604_800)),
            ("30", None),
            ("d", None),
            ("-1d", None),
            ("+1d", None),
            ("1.5h", None),
            ("9999999999999999w", None),
        ] {
            let seconds = text.parse::<Span>().ok().map(|span| span.seconds);
            assert_eq!(seconds, expected, "{text}");
        }
    }

    #[test]
    fn an_expiry_is_an_instant_or_so_long_from_now() {
        let now = Timestamp::parse("2026-11-22T09:00:00Z").unwrap();
        for (text, expected) in [
            ("1d", Some("2026-11-23T09:00:00Z")),
            ("2026-12-31", Some("2026-12-31T00:00:00Z")),
            ("2026-12-31T18:00:00+02:00", Some("2026-12-31T16:00:00Z")),
            ("tomorrow", None),
        ] {
            let at = text
                .parse::<When>()
                .ok()
                .map(|when| when.from(now).to_string());
            assert_eq!(at.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn how_far_away_is_said_in_the_largest_unit() {
        let now = Timestamp::parse("2026-11-22T09:00:00Z").unwrap();
        for (at, expected) in [
            ("2026-11-22T09:00:00Z", "now"),
            ("2026-11-22T09:00:01Z", "in 1 second"),
            ("2026-11-22T08:58:00Z", "2 minutes ago"),
            ("2026-11-22T11:59:59Z", "in 2 hours"),
            ("2026-12-22T09:00:00Z", "in 30 days"),
            ("no instant", "no instant"),
        ] {
            assert_eq!(relative_text(at, now), expected, "{at}");
        }
    }
}
