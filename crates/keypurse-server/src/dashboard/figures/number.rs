//! Counts, shares and changes for people.

use std::fmt;

use keypurse_core::money::Money;

/// A count with its thousands apart: `12,345`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dashboard) struct Grouped(pub(in crate::dashboard) u64);

/// A count in three or four characters: `980`, `12.3k`, `4.5M`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dashboard) struct Short(pub(in crate::dashboard) u64);

/// A part of a whole, in tenths of a percent: `12.3 %`. Of nothing: `–`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dashboard) struct Share {
    tenths: Option<i64>,
}

/// How much more or less than before, in whole percents: `+12 %`. Against
/// nothing: `new`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dashboard) enum Change {
    /// As before, or nothing at either time.
    Same,
    /// There was nothing before.
    New,
    /// By so many percents.
    Percent(i64),
}

/// Milliseconds, seconds from one second on: `350 ms`, `1.5 s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dashboard) struct Millis(pub(in crate::dashboard) u64);

impl Share {
    /// Of calls.
    pub(in crate::dashboard) fn of(part: u64, whole: u64) -> Self {
        Self::of_wide(part.into(), whole.into())
    }

    /// Of money.
    pub(in crate::dashboard) fn of_money(part: Money, whole: Money) -> Self {
        Self::of_wide(part.nanos().into(), whole.nanos().into())
    }

    fn of_wide(part: i128, whole: i128) -> Self {
        let tenths = (part * 1000 + whole / 2).checked_div(whole);
        Self {
            tenths: tenths.and_then(|tenths| i64::try_from(tenths).ok()),
        }
    }

    /// Hundredths of the whole, for a bar: 0 to 100.
    pub(in crate::dashboard) fn percent(self) -> i64 {
        (self.tenths.unwrap_or(0) / 10).clamp(0, 100)
    }
}

impl Millis {
    /// `–` when it is not known.
    pub(in crate::dashboard) fn or_none(millis: Option<u32>) -> String {
        millis.map_or_else(|| "–".to_owned(), |millis| Self(millis.into()).to_string())
    }
}

impl Change {
    /// From before to now.
    pub(in crate::dashboard) fn of(before: Money, now: Money) -> Self {
        if before == now {
            return Self::Same;
        }
        let (before, now) = (i128::from(before.nanos()), i128::from(now.nanos()));
        let percent = ((now - before) * 100).checked_div(before);
        match percent.map(i64::try_from) {
            None => Self::New,
            Some(percent) => Self::Percent(percent.unwrap_or(i64::MAX)),
        }
    }

    /// `up`, `down` or `same`, to colour it by.
    pub(in crate::dashboard) fn direction(self) -> &'static str {
        match self {
            Self::Same | Self::Percent(0) => "same",
            Self::Percent(percent) if percent < 0 => "down",
            Self::New | Self::Percent(_) => "up",
        }
    }
}

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (at, digit) in digits.bytes().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{}", char::from(digit))?;
        }
        Ok(())
    }
}

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [
            (1_000_000_000_000, "T"),
            (1_000_000_000, "B"),
            (1_000_000, "M"),
            (1_000, "k"),
        ];
        let Some((unit, letter)) = units.into_iter().find(|(unit, _)| self.0 >= *unit) else {
            return write!(f, "{}", self.0);
        };
        let tenths = self.0 / (unit / 10);
        if tenths >= 1000 || tenths.is_multiple_of(10) {
            write!(f, "{}{letter}", tenths / 10)
        } else {
            write!(f, "{}.{}{letter}", tenths / 10, tenths % 10)
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tenths {
            Some(tenths) => write!(f, "{}.{} %", tenths / 10, tenths.unsigned_abs() % 10),
            None => f.write_str("–"),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same | Self::Percent(0) => f.write_str("±0 %"),
            Self::New => f.write_str("new"),
            Self::Percent(percent) if *percent < 0 => write!(f, "−{} %", percent.unsigned_abs()),
            Self::Percent(percent) => write!(f, "+{percent} %"),
        }
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 1000 {
            write!(f, "{} ms", self.0)
        } else {
            write!(f, "{}.{} s", self.0 / 1000, self.0 % 1000 / 100)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, Grouped, Millis, Share, Short};
    use keypurse_core::money::Money;

    #[test]
    fn counts_are_grouped_or_short() {
        for (count, grouped, short) in [
            (0, "0", "0"),
            (999, "999", "999"),
            (1_000, "1,000", "1k"),
            (12_345, "12,345", "12.3k"),
            (123_456, "123,456", "123k"),
            (4_560_000, "4,560,000", "4.5M"),
        ] {
            let shown = (Grouped(count).to_string(), Short(count).to_string());
            assert_eq!(shown, (grouped.to_owned(), short.to_owned()));
        }
    }

    #[test]
    fn a_share_of_nothing_is_no_number() {
        for (part, whole, expected) in [
            (0, 0, "–"),
            (1, 3, "33.3 %"),
            (2, 3, "66.7 %"),
            (5, 5, "100.0 %"),
        ] {
            assert_eq!(Share::of(part, whole).to_string(), expected);
        }
        assert_eq!(Share::of(1, 3).percent(), 33);
    }

    #[test]
    fn a_change_says_its_direction() {
        for (before, now, expected, direction) in [
            (0, 0, "±0 %", "same"),
            (0, 5, "new", "up"),
            (100, 112, "+12 %", "up"),
            (100, 25, "−75 %", "down"),
            (100_000, 100_001, "±0 %", "same"),
        ] {
            let change = Change::of(Money::from_nanos(before), Money::from_nanos(now));
            assert_eq!(change.to_string(), expected);
            assert_eq!(change.direction(), direction);
        }
    }

    #[test]
    fn long_times_are_seconds() {
        let shown = [0, 999, 1000, 12_345].map(|millis| Millis(millis).to_string());
        assert_eq!(shown, ["0 ms", "999 ms", "1.0 s", "12.3 s"]);
    }
}
