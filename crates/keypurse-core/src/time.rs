//! Instants in whole microseconds, and the clock that is handed in.

use std::fmt;

use jiff::SignedDuration;
use jiff::civil::{DateTime, Time, datetime};
use jiff::fmt::temporal::DateTimeParser;
use thiserror::Error;

/// RFC 3339: offsets go from -23:59 to +23:59.
const SECONDS_OF_DAY: i32 = 86_400;
const EPOCH: DateTime = datetime(1970, 1, 1, 0, 0, 0, 0);

/// An instant, in microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    micros: i64,
}

/// Tells the time. The real one lives in the binary; tests move their own.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The current instant.
    fn now(&self) -> Timestamp;

    /// An instant that has passed for certain. A clock that was set ahead says
    /// another [`Self::now`], and may be set back: what cannot be undone then
    /// goes by this.
    fn proven(&self) -> Timestamp {
        self.now()
    }

    /// Both at once.
    fn read(&self) -> Reading {
        Reading {
            now: self.now(),
            proven: self.proven(),
        }
    }

    /// Whether time is known to be wrong, behind what it was: what has expired
    /// cannot be told then.
    fn is_behind(&self) -> bool {
        false
    }
}

/// What a clock said: what has expired goes by the one, which resets are due
/// by the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// [`Clock::now`]
    pub now: Timestamp,
    /// [`Clock::proven`]
    pub proven: Timestamp,
}

/// A text that is no instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not an RFC 3339 or ISO 8601 date and time")]
pub struct TimestampParseError;

impl Timestamp {
    /// What a clock that is certain of this instant says.
    pub const fn for_certain(self) -> Reading {
        Reading {
            now: self,
            proven: self,
        }
    }

    /// An instant from microseconds since the Unix epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self { micros }
    }

    /// Microseconds since the Unix epoch.
    pub const fn micros(self) -> i64 {
        self.micros
    }

    /// Whole seconds since the Unix epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.micros.div_euclid(1_000_000)
    }

    /// This instant moved by a number of seconds; stays at the end of time
    /// instead of wrapping.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self {
            micros: self
                .micros
                .saturating_add(seconds.saturating_mul(1_000_000)),
        }
    }

    /// Reads RFC 3339, or ISO 8601 without an offset (taken as UTC), from the
    /// year 1 to the year 9999. Digits beyond the microsecond are dropped.
    pub fn parse(text: &str) -> Result<Self, TimestampParseError> {
        Self::read(text).ok_or(TimestampParseError)
    }

    fn read(text: &str) -> Option<Self> {
        let pieces = DateTimeParser::new().parse_pieces(text).ok()?;
        // RFC 9557 annotations (`[Europe/Paris]`) are not in the contract.
        if pieces.time_zone_annotation().is_some() {
            return None;
        }
        let civil = pieces
            .date()
            .to_datetime(pieces.time().unwrap_or(Time::midnight()));
        let offset = pieces
            .to_numeric_offset()
            .map_or(0, jiff::tz::Offset::seconds);
        if offset.abs() >= SECONDS_OF_DAY {
            return None;
        }
        let local = civil.duration_since(EPOCH);
        let utc = local.checked_sub(SignedDuration::from_secs(i64::from(offset)))?;
        let micros = i64::try_from(utc.as_nanos().div_euclid(1000)).ok()?;
        let year = Self { micros }.to_civil()?.year();
        (1..=9999).contains(&year).then_some(Self { micros })
    }

    pub(crate) fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.micros).unwrap_or(jiff::Timestamp::MAX)
    }

    /// Civil time in UTC. Not `jiff::Timestamp`: that one ends a day before
    /// 9999-12-31, which people write when they mean "never".
    fn to_civil(self) -> Option<DateTime> {
        EPOCH
            .checked_add(SignedDuration::from_micros(self.micros))
            .ok()
    }
}

/// UTC, `YYYY-MM-DDTHH:MM:SS[.ffffff]Z` with no or exactly six fractional
/// digits: older Python's `fromisoformat` reads nothing else.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.to_civil().unwrap_or(DateTime::MAX);
        let (date, time) = (at.date(), at.time());
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            date.year(),
            date.month(),
            date.day(),
            time.hour(),
            time.minute(),
            time.second()
        )?;
        match self.micros.rem_euclid(1_000_000) {
            0 => f.write_str("Z"),
            micros => write!(f, ".{micros:06}Z"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock, Timestamp, TimestampParseError};

    #[derive(Debug)]
    struct Stopped;

    impl Clock for Stopped {
        fn now(&self) -> Timestamp {
            Timestamp::from_micros(7)
        }
    }

    #[test]
    fn a_clock_that_says_no_more_is_certain_and_right() {
        assert_eq!(Stopped.read(), Timestamp::from_micros(7).for_certain());
        assert!(!Stopped.is_behind());
    }

    #[test]
    fn every_form_of_an_instant_is_read_and_written_as_utc() {
        for (input, expected) in [
            ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
            ("2026-01-01T02:00:00+02:00", "2026-01-01T00:00:00Z"),
            ("2026-01-01T23:59:00+23:59", "2026-01-01T00:00:00Z"),
            ("2026-01-01T00:00:00", "2026-01-01T00:00:00Z"),
            ("2026-01-01 00:00:00", "2026-01-01T00:00:00Z"),
            ("2026-01-01T00:00", "2026-01-01T00:00:00Z"),
            ("2026-01-01", "2026-01-01T00:00:00Z"),
            ("2026-01-01T00:00:00.5Z", "2026-01-01T00:00:00.500000Z"),
            (
                "2026-01-01T00:00:00.1234567Z",
                "2026-01-01T00:00:00.123456Z",
            ),
            ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"),
            ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ] {
            let read = Timestamp::parse(input).map(|t| t.to_string());
            assert_eq!(read.as_deref(), Ok(expected), "{input}");
        }
    }

    #[test]
    fn an_instant_is_counted_in_microseconds_and_seconds_rounded_down() {
        for (micros, seconds) in [(0, 0), (1_999_999, 1), (2_000_000, 2), (-1, -1)] {
            let at = Timestamp::from_micros(micros);
            assert_eq!((at.micros(), at.seconds()), (micros, seconds));
        }
        let later = Timestamp::from_micros(5).plus_seconds(-2);
        assert_eq!(later.micros(), -1_999_995);
        let end = Timestamp::from_micros(1).plus_seconds(i64::MAX);
        assert_eq!(end.micros(), i64::MAX);
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for input in [
            "",
            "tomorrow",
            "2026-13-01T00:00:00Z",
            "2026-01-01T25:00:00Z",
            "0000-01-01T00:00:00Z",
            "-000001-01-01T00:00:00Z",
            "10000-01-01T00:00:00Z",
            "9999-12-31T23:59:59-01:00",
            "2026-01-01T00:00:00+24:00",
            "2026-01-01T00:00:00-25:30",
            "2026-01-01T00:00:00+01:00[Europe/Paris]",
            "1767225600",
        ] {
            assert_eq!(Timestamp::parse(input), Err(TimestampParseError), "{input}");
        }
    }
}
