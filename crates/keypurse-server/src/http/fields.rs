//! Reads the members of a request, and collects all that is wrong with them.
//! The words are those of Django REST framework, which the vendor's API speaks.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use keypurse_core::money::{Money, MoneyParseError};
use keypurse_core::time::Timestamp;
use serde_json::value::RawValue;

use crate::http::json::JsonObject;
use crate::http::refusal::FieldFaults;

/// What a client is told about a field.
pub(crate) type Reason = Cow<'static, str>;

pub(crate) const REQUIRED: &str = "This field is required.";
pub(crate) const BLANK: &str = "This field may not be blank.";
pub(crate) const NULL: &str = "This field may not be null.";
const NOT_A_STRING: &str = "Not a valid string.";
const NOT_A_BOOLEAN: &str = "Must be a valid boolean.";
const NOT_A_NUMBER: &str = "A valid number is required.";
const NOT_AN_INTEGER: &str = "A valid integer is required.";
/// Nothing, or everything? It is not ours to guess.
const EMPTY: &str = "This list may not be empty; send null for no rule.";
const NOT_A_LIST: &str = "Expected a list of items.";
const NOT_AN_INSTANT: &str = "Datetime has wrong format. Use one of these formats instead: \
     YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].";
const TOO_MANY_DECIMALS: &str = "Ensure that there are no more than 9 decimal places.";
const TOO_MANY_DIGITS: &str =
    "Ensure that there are no more than 5 digits before the decimal point.";
const OUT_OF_RANGE: &str = "Ensure this value is greater than -100000 and less than 100000.";

/// The members of a request.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    object: &'a JsonObject<'a>,
    /// What was wrong so far.
    pub(crate) faults: FieldFaults,
}

impl<'a> Fields<'a> {
    pub(crate) fn of(object: &'a JsonObject<'a>) -> Self {
        Self {
            object,
            faults: FieldFaults::default(),
        }
    }

    /// A field that must be there.
    pub(crate) fn required<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&RawValue) -> Result<T, Reason>,
    ) -> Option<T> {
        if self.object.get(name).is_none() {
            self.faults.add(name, REQUIRED);
        }
        self.optional(name, read)
    }

    /// A field that may be absent, but not null.
    pub(crate) fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&RawValue) -> Result<T, Reason>,
    ) -> Option<T> {
        let value = self.nullable(name, read)?;
        if value.is_none() {
            self.faults.add(name, NULL);
        }
        value
    }

    /// A field that may be absent (`None`) or null (`Some(None)`).
    #[expect(
        clippy::option_option,
        reason = "core's wishes have these three cases: leave, remove, set"
    )]
    pub(crate) fn nullable<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&RawValue) -> Result<T, Reason>,
    ) -> Option<Option<T>> {
        let value = self.object.get(name)?;
        if value.get() == "null" {
            return Some(None);
        }
        match read(value) {
            Ok(value) => Some(Some(value)),
            Err(reason) => {
                self.faults.add(name, reason);
                None
            }
        }
    }

    /// A list of so many items, every bad one of which is told; null is an
    /// empty list.
    pub(crate) fn list<T>(
        &mut self,
        name: &'static str,
        sizes: RangeInclusive<usize>,
        read: impl Fn(&RawValue) -> Result<T, Reason>,
    ) -> Option<Vec<T>> {
        let items = self.nullable(name, |value| items(value, &sizes))?;
        let mut list = Vec::new();
        for (item, place) in items.unwrap_or_default().iter().zip(1..) {
            match read(item) {
                Ok(item) => list.push(item),
                Err(reason) => self.faults.add(name, format!("Item {place}: {reason}")),
            }
        }
        Some(list)
    }
}

fn items(value: &RawValue, sizes: &RangeInclusive<usize>) -> Result<Vec<Box<RawValue>>, Reason> {
    let items: Vec<Box<RawValue>> = serde_json::from_str(value.get()).map_err(|_| NOT_A_LIST)?;
    if items.len() < *sizes.start() {
        return Err(EMPTY.into());
    }
    if items.len() > *sizes.end() {
        let most = sizes.end();
        return Err(format!("Ensure this field has no more than {most} elements.").into());
    }
    Ok(items)
}

/// A string.
pub(crate) fn text(value: &RawValue) -> Result<String, Reason> {
    serde_json::from_str(value.get()).map_err(|_| NOT_A_STRING.into())
}

/// `true` or `false`, and nothing that resembles them.
pub(crate) fn boolean(value: &RawValue) -> Result<bool, Reason> {
    serde_json::from_str(value.get()).map_err(|_| NOT_A_BOOLEAN.into())
}

/// One of a few words.
pub(crate) fn choice<T: Copy>(value: &RawValue, choices: &[(&str, T)]) -> Result<T, Reason> {
    let Ok(word) = text(value) else {
        return Err(format!("\"{}\" is not a valid choice.", value.get()).into());
    };
    let found = choices.iter().find(|(name, _)| *name == word);
    let (_, value) = found.ok_or_else(|| format!("\"{word}\" is not a valid choice."))?;
    Ok(*value)
}

/// Money: a decimal string, never rounded, or a number, read from its text.
pub(crate) fn money(value: &RawValue) -> Result<Money, Reason> {
    let amount = match text(value) {
        Ok(text) => Money::parse_text(&text),
        Err(_) => Money::parse_number(value.get()),
    };
    amount.map_err(|error| match error {
        MoneyParseError::NotANumber => NOT_A_NUMBER.into(),
        MoneyParseError::TooManyDecimals => TOO_MANY_DECIMALS.into(),
        MoneyParseError::TooManyDigits => TOO_MANY_DIGITS.into(),
        MoneyParseError::OutOfRange => OUT_OF_RANGE.into(),
    })
}

/// An instant, as text.
pub(crate) fn instant(value: &RawValue) -> Result<Timestamp, Reason> {
    let text = text(value).map_err(|_| NOT_AN_INSTANT)?;
    Timestamp::parse(&text).map_err(|_| NOT_AN_INSTANT.into())
}

/// A whole number. `60.0` is whole too: some clients have no other numbers.
pub(crate) fn whole(value: &RawValue, range: RangeInclusive<i64>) -> Result<i64, Reason> {
    let text = value.get();
    let whole = match text.split_once('.') {
        Some((whole, zeros)) if zeros.bytes().all(|digit| digit == b'0') => whole,
        Some(_) | None => text,
    };
    let is_integer = whole.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    if !is_integer {
        return Err(NOT_AN_INTEGER.into());
    }
    match whole.parse() {
        Ok(number) if range.contains(&number) => Ok(number),
        // Of digits alone: what does not parse is too large.
        Ok(_) | Err(_) => {
            let (least, most) = range.into_inner();
            Err(format!("Ensure this value is between {least} and {most}.").into())
        }
    }
}
