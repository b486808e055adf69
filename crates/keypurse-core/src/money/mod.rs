//! US dollars in whole nano-dollars, read and written as exact decimals.

use std::fmt;
use std::iter::Sum;

use thiserror::Error;

const NANOS_PER_DOLLAR: i64 = 1_000_000_000;
const DECIMALS: i32 = 9;
/// Balances live strictly between minus and plus this (the seeds' schema).
const RANGE: Money = Money::from_nanos(100_000 * NANOS_PER_DOLLAR);
const MAX_INTEGER_DIGITS: usize = 5;
/// A sign, ten digits, a point and nine decimals.
const MAX_TEXT: usize = 21;

/// US dollars in whole nano-dollars: one cached input token can cost 38 of them.
///
/// Arithmetic is checked: overflow is a broken invariant, never a wrong sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money {
    nanos: i64,
}

/// Why a text is not an amount of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum MoneyParseError {
    /// Not a decimal number at all.
    #[error("a valid number is required")]
    NotANumber,
    /// A string with more than 9 decimals; strings are never rounded.
    #[error("ensure that there are no more than 9 decimal places")]
    TooManyDecimals,
    /// A string with more than 5 digits before the point, of a value in range.
    #[error("ensure that there are no more than 5 digits before the decimal point")]
    TooManyDigits,
    /// Not strictly between -100000 and 100000.
    #[error("ensure this value is greater than -100000 and less than 100000")]
    OutOfRange,
}

impl Money {
    /// No money.
    pub const ZERO: Self = Self::from_nanos(0);

    /// Money from whole nano-dollars.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self { nanos }
    }

    /// The amount in whole nano-dollars.
    pub const fn nanos(self) -> i64 {
        self.nanos
    }

    /// Sum, or `None` when it cannot be represented.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.nanos.checked_add(other.nanos).map(Self::from_nanos)
    }

    /// Difference, or `None` when it cannot be represented.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.nanos.checked_sub(other.nanos).map(Self::from_nanos)
    }

    /// Whether a token's balance may be this much: strictly between −100000
    /// and 100000 dollars.
    pub fn is_balance(self) -> bool {
        Self::ZERO - RANGE < self && self < RANGE
    }

    /// This amount, or nothing when it is negative.
    #[must_use]
    pub fn or_zero(self) -> Self {
        self.max(Self::ZERO)
    }

    /// Reads a decimal **string**: the seeds' pattern
    /// `^-?\d{0,5}(?:\.\d{0,9})?$` with at least one digit, or an exponent form
    /// whose value has at most 9 decimals (Python prints `1e-05`). Never rounds.
    pub fn parse_text(text: &str) -> Result<Self, MoneyParseError> {
        let decimal = Decimal::parse(text).ok_or(MoneyParseError::NotANumber)?;
        if decimal.exponent.is_none() {
            if decimal.fraction.len() > DECIMALS as usize {
                return Err(MoneyParseError::TooManyDecimals);
            }
            if decimal.integer.len() > MAX_INTEGER_DIGITS {
                decimal.to_nanos()?.in_range()?;
                return Err(MoneyParseError::TooManyDigits);
            }
        }
        let rounded = decimal.to_nanos()?;
        if !rounded.exact {
            return Err(MoneyParseError::TooManyDecimals);
        }
        rounded.in_range()
    }

    /// Reads the text of a JSON **number**: exponents included, rounded
    /// half-even to 9 decimals, then range-checked. Never through a float.
    pub fn parse_number(text: &str) -> Result<Self, MoneyParseError> {
        Decimal::parse(text)
            .ok_or(MoneyParseError::NotANumber)?
            .to_nanos()?
            .in_range()
    }

    /// Exactly nine decimals: `50.000000000`.
    pub fn to_fixed(self) -> String {
        let (sign, dollars, nanos) = self.parts();
        format!("{sign}{dollars}.{nanos:09}")
    }

    fn parts(self) -> (&'static str, u64, u64) {
        let magnitude = self.nanos.unsigned_abs();
        let per_dollar = NANOS_PER_DOLLAR.unsigned_abs();
        let sign = if self.nanos < 0 { "-" } else { "" };
        (sign, magnitude / per_dollar, magnitude % per_dollar)
    }
}

/// Plain decimal with a point and no exponent, as short as possible: `50.0`,
/// `0.000000001`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; MAX_TEXT];
        let text = self.write_from_end(&mut text);
        f.write_str(std::str::from_utf8(text).expect("digits are ASCII"))
    }
}

impl Money {
    /// Appends what [`fmt::Display`] shows: reports write hundreds of thousands
    /// of these, and the formatter takes several times as long.
    pub fn append_to(self, text: &mut Vec<u8>) {
        text.extend_from_slice(self.write_from_end(&mut [0; MAX_TEXT]));
    }

    fn write_from_end(self, text: &mut [u8; MAX_TEXT]) -> &[u8] {
        let (sign, mut dollars, fraction) = self.parts();
        let mut fraction = u32::try_from(fraction).expect("less than a thousand million");
        let mut decimals = DECIMALS;
        while decimals > 1 && fraction.is_multiple_of(10) {
            fraction /= 10;
            decimals -= 1;
        }
        let mut at = MAX_TEXT;
        let mut put = |byte| {
            at -= 1;
            text[at] = byte;
        };
        for _ in 0..decimals {
            put(digit(fraction.into()));
            fraction /= 10;
        }
        put(b'.');
        put(digit(dollars));
        while dollars > 9 {
            dollars /= 10;
            put(digit(dollars));
        }
        sign.bytes().for_each(put);
        &text[at..]
    }
}

/// The last digit of a number.
fn digit(number: u64) -> u8 {
    b'0' + u8::try_from(number % 10).expect("less than ten")
}

/// Panics on overflow: a sum of purses beyond nine billion dollars is a bug.
impl std::ops::Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.checked_add(other).expect("money overflow in addition")
    }
}

/// Panics on overflow, as addition does.
impl std::ops::Sub for Money {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self.checked_sub(other)
            .expect("money overflow in subtraction")
    }
}

impl std::ops::AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl std::ops::SubAssign for Money {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, |total, amount| total + amount)
    }
}

/// A decimal number taken apart, its digits still text.
struct Decimal<'a> {
    negative: bool,
    integer: &'a str,
    fraction: &'a str,
    exponent: Option<i32>,
}

struct Rounded {
    nanos: i128,
    exact: bool,
}

impl<'a> Decimal<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(parse_exponent(exponent)?)),
            None => (rest, None),
        };
        let (integer, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits_only = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        let has_digit = !integer.is_empty() || !fraction.is_empty();
        (has_digit && digits_only(integer) && digits_only(fraction)).then_some(Self {
            negative,
            integer,
            fraction,
            exponent,
        })
    }

    /// The value in nano-dollars, half-even where digits do not fit.
    fn to_nanos(&self) -> Result<Rounded, MoneyParseError> {
        let digits: Vec<u8> = self
            .integer
            .bytes()
            .chain(self.fraction.bytes())
            .skip_while(|b| *b == b'0')
            .map(|b| b - b'0')
            .collect();
        if digits.is_empty() {
            return Ok(Rounded {
                nanos: 0,
                exact: true,
            });
        }
        let fraction_len = i64::try_from(self.fraction.len()).expect("a text fits in i64");
        let shift = i64::from(self.exponent.unwrap_or(0)) + i64::from(DECIMALS) - fraction_len;
        let count = i64::try_from(digits.len()).expect("a text fits in i64");
        // 15 digits of nano-dollars exceed the range of a balance.
        if count + shift > 14 {
            return Err(MoneyParseError::OutOfRange);
        }
        let kept = usize::try_from((count + shift.min(0)).max(0)).expect("not negative");
        let mut nanos = digits[..kept]
            .iter()
            .fold(0_i128, |n, d| n * 10 + i128::from(*d));
        let dropped = &digits[kept..];
        for _ in 0..shift.max(0) {
            nanos *= 10;
        }
        let all_dropped_are_next = count + shift >= 0;
        if rounds_up(dropped, all_dropped_are_next, nanos % 2 == 1) {
            nanos += 1;
        }
        let exact = dropped.iter().all(|d| *d == 0);
        Ok(Rounded {
            nanos: if self.negative { -nanos } else { nanos },
            exact,
        })
    }
}

/// Half-even: `dropped` are the digits right of the last kept one. When
/// zeros stand between (`adjacent` is false) the rest is below one half.
fn rounds_up(dropped: &[u8], adjacent: bool, odd: bool) -> bool {
    match dropped.split_first() {
        Some((first, rest)) if adjacent => match first {
            0..=4 => false,
            5 => odd || rest.iter().any(|d| *d != 0),
            _ => true,
        },
        _ => false,
    }
}

/// Saturates: an exponent this large is out of range or zero either way.
fn parse_exponent(text: &str) -> Option<i32> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let magnitude = digits
        .parse::<i32>()
        .unwrap_or(i32::MAX / 2)
        .min(i32::MAX / 2);
    Some(if negative { -magnitude } else { magnitude })
}

impl Rounded {
    fn in_range(&self) -> Result<Money, MoneyParseError> {
        let money = i64::try_from(self.nanos)
            .map(Money::from_nanos)
            .map_err(|_| MoneyParseError::OutOfRange)?;
        money
            .is_balance()
            .then_some(money)
            .ok_or(MoneyParseError::OutOfRange)
    }
}

#[cfg(test)]
mod tests;
