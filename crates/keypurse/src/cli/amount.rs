//! Money in answers: read from its digits, shown in full.

use std::fmt;
use std::iter::Sum;

use keypurse_core::money::Money;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// Dollars as the API writes them, as a number or as text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Dollars(pub(crate) Money);

impl Dollars {
    /// Whether there is nothing left.
    pub(crate) fn is_gone(self) -> bool {
        self.0 <= Money::ZERO
    }

    /// Sums of reports may be more than any one balance, so this is not
    /// [`Money::parse_number`].
    fn read(text: &str) -> Option<Self> {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let is_plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !is_plain(whole) || !is_plain(fraction) || fraction.len() > 9 {
            return None;
        }
        let nanos: i64 = format!("{fraction:0<9}").parse().ok()?;
        let whole: i64 = whole.parse().ok()?;
        let nanos = whole.checked_mul(1_000_000_000)?.checked_add(nanos)?;
        Some(Self(Money::from_nanos(sign * nanos)))
    }
}

/// A dollar sign, at least two decimals, and never fewer than there are.
impl fmt::Display for Dollars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fixed = self.0.to_fixed();
        let (sign, digits) = match fixed.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", &*fixed),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let (cents, rest) = fraction.split_at(2);
        let rest = rest.trim_end_matches('0');
        f.pad(&format!("{sign}${}.{cents}{rest}", grouped(whole)))
    }
}

impl<'de> Deserialize<'de> for Dollars {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get().trim_matches('"');
        Self::read(text).ok_or_else(|| D::Error::custom(format!("`{text}` is no amount of money")))
    }
}

impl Sum for Dollars {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        Self(amounts.map(|Self(money)| money).sum())
    }
}

/// A count with commas between thousands.
pub(crate) fn count(number: u64) -> String {
    grouped(&number.to_string())
}

fn grouped(digits: &str) -> String {
    let first = digits.len() % 3;
    let mut groups = Vec::new();
    if first > 0 {
        groups.push(&digits[..first]);
    }
    let whole = digits.as_bytes()[first..].chunks(3);
    groups.extend(whole.filter_map(|group| std::str::from_utf8(group).ok()));
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::{Dollars, count};

    #[test]
    fn money_is_shown_in_full_whatever_its_form_was() {
        for (json, expected) in [
            ("50.0", "$50.00"),
            ("\"50.000000000\"", "$50.00"),
            ("0.000000001", "$0.000000001"),
            ("-0.5", "-$0.50"),
            ("4.9876", "$4.9876"),
            ("1234567.1", "$1,234,567.10"),
            ("0", "$0.00"),
            // A float would have lost the last digits.
            ("99999.999999999", "$99,999.999999999"),
        ] {
            let dollars: Dollars = serde_json::from_str(json).unwrap();
            assert_eq!(dollars.to_string(), expected, "{json}");
        }
        for json in ["1e3", "null", "\"\"", "0.0000000001", "true", "-"] {
            assert!(serde_json::from_str::<Dollars>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn counts_have_commas() {
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(count),
            ["0", "999", "1,000", "1,234,567"]
        );
    }
}
