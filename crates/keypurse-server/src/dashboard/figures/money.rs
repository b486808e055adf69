//! Money for people.

use std::fmt;

use keypurse_core::money::Money;

use super::number::Grouped;

const NANOS_PER_CENT: u64 = 10_000_000;
const NANOS_PER_DOLLAR: u64 = 1_000_000_000;
/// Digits that count below a dollar.
const SIGNIFICANT: usize = 3;
const DECIMALS: usize = 9;

/// Dollars: whole cents from a dollar on, three digits that count below it.
/// `$1,234.50`, `$0.0042`, `−$3.00`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dashboard) struct Dollars(pub(in crate::dashboard) Money);

impl Dollars {
    /// All digits there are, for a tooltip.
    pub(in crate::dashboard) fn exact(self) -> String {
        format!("${}", self.0)
    }
}

impl fmt::Display for Dollars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.nanos().unsigned_abs();
        if self.0 < Money::ZERO {
            f.write_str("−")?;
        }
        if magnitude == 0 || magnitude >= NANOS_PER_DOLLAR {
            let cents = rounded(magnitude, NANOS_PER_CENT);
            return write!(f, "${}.{:02}", Grouped(cents / 100), cents % 100);
        }
        f.write_str(&below_a_dollar(magnitude))
    }
}

fn below_a_dollar(nanos: u64) -> String {
    let leading_zeros = DECIMALS - digits(nanos);
    let decimals = (leading_zeros + SIGNIFICANT).min(DECIMALS);
    let dropped = u32::try_from(DECIMALS - decimals).expect("nine decimals at most");
    let unit = 10_u64.pow(dropped);
    let shown = rounded(nanos, unit) * unit;
    let (dollars, rest) = (shown / NANOS_PER_DOLLAR, shown % NANOS_PER_DOLLAR);
    let fraction = format!("{rest:09}");
    let (cents, small) = fraction.split_at(2);
    format!("${dollars}.{cents}{}", small.trim_end_matches('0'))
}

/// Half up.
fn rounded(nanos: u64, unit: u64) -> u64 {
    nanos / unit + u64::from(nanos % unit * 2 >= unit)
}

fn digits(number: u64) -> usize {
    number.to_string().len()
}

#[cfg(test)]
mod tests {
    use super::Dollars;
    use keypurse_core::money::Money;

    #[test]
    fn money_shows_cents_or_the_three_digits_that_count() {
        for (nanos, expected) in [
            (0, "$0.00"),
            (38, "$0.000000038"),
            (4_200_000, "$0.0042"),
            (12_345_678, "$0.0123"),
            (120_000_000, "$0.12"),
            (999_600_000, "$1.00"),
            (1_000_000_000, "$1.00"),
            (1_005_000_000, "$1.01"),
            (1_234_567_890_000, "$1,234.57"),
            (-3_000_000_000, "−$3.00"),
            (-50_000_000, "−$0.05"),
        ] {
            let shown = Dollars(Money::from_nanos(nanos)).to_string();
            assert_eq!(shown, expected, "{nanos}");
        }
    }

    #[test]
    fn every_digit_can_be_asked_for() {
        let exact = Dollars(Money::from_nanos(1_234_567_890_123)).exact();
        assert_eq!(exact, "$1234.567890123");
    }
}
