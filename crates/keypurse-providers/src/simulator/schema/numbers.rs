//! Integers and other numbers.

use serde_json::{Number, Value};

use super::{layers::Layers, writer::Writer};

/// How far values spread where the schema leaves them room.
const SPREAD: i128 = 99;
/// Up to here a float is every whole number: 2^53.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl Writer<'_> {
    pub(super) fn integer(&mut self, layers: &Layers<'_>) -> Value {
        let wholes = layers.wholes();
        let times = self.between(wholes.lowest, wholes.highest);
        whole(times.saturating_mul(wholes.step))
    }

    /// A whole number wherever one is allowed: what a tool calls a number is
    /// often a count, and the tool fails at half of one.
    pub(super) fn number(&mut self, layers: &Layers<'_>) -> Value {
        if layers.allow_a_whole() {
            return self.integer(layers);
        }
        let low = layers
            .bounds(&LOWER)
            .max_by(Bound::compare)
            .map(|bound| bound.at);
        let high = layers
            .bounds(&UPPER)
            .min_by(Bound::compare)
            .map(|bound| bound.at);
        let step = layers
            .each("multipleOf")
            .filter_map(Value::as_f64)
            .find(|step| *step > 0.0);
        if let Some(step) = step {
            return self.multiple(layers, step);
        }
        let number = match (low, high) {
            (Some(low), Some(high)) => self.within(low, high),
            // Too far out for whole numbers to be told apart.
            (Some(low), None) => low.next_up(),
            (None, high) => high.map_or(0.0, f64::next_down),
        };
        Number::from_f64(number).map_or(Value::Null, Value::Number)
    }

    /// Strictly between the two, unless they are the same.
    fn within(&mut self, low: f64, high: f64) -> f64 {
        let eighths = f64::from(1 + self.dice.below(7));
        let number = low + (high - low) * eighths / 8.0;
        let rounded = (number * 100.0).round() / 100.0;
        if low < rounded && rounded < high {
            rounded
        } else {
            number
        }
    }

    fn multiple(&mut self, layers: &Layers<'_>, step: f64) -> Value {
        let in_steps = |bound: Bound| Bound {
            at: bound.at / step,
            ..bound
        };
        let lowest = layers
            .bounds(&LOWER)
            .map(|bound| in_steps(bound).first_whole())
            .max();
        let highest = layers
            .bounds(&UPPER)
            .map(|bound| in_steps(bound).last_whole())
            .min();
        let times = self.between(lowest, highest);
        // Through decimal digits: 3 × 0.1 is 0.3 there, not 0.30000000000000004.
        let digits = step.to_string();
        let decimals = digits
            .split_once('.')
            .map_or(0, |(_, decimals)| decimals.len());
        let product = format!("{:.decimals$}", float(times) * step);
        product
            .parse()
            .ok()
            .and_then(Number::from_f64)
            .map_or(Value::Null, Value::Number)
    }

    fn between(&mut self, low: Option<i128>, high: Option<i128>) -> i128 {
        let (low, high) = match (low, high) {
            (None, None) => (1, 1 + SPREAD),
            (Some(low), None) => (low, low.saturating_add(SPREAD)),
            (None, Some(high)) if high >= 1 => (1, high.min(1 + SPREAD)),
            (None, Some(high)) => (high.saturating_sub(SPREAD), high),
            (Some(low), Some(high)) => (low, high.min(low.saturating_add(SPREAD))),
        };
        let width = u32::try_from(high.saturating_sub(low)).unwrap_or(0);
        low.saturating_add(self.dice.below(width + 1).into())
    }
}

/// One end of the range a number must lie in.
#[derive(Clone, Copy)]
struct Bound {
    at: f64,
    exclusive: bool,
}

/// The keywords of one end: the plain one and the exclusive one.
struct End {
    inclusive: &'static str,
    exclusive: &'static str,
}

const LOWER: End = End {
    inclusive: "minimum",
    exclusive: "exclusiveMinimum",
};
const UPPER: End = End {
    inclusive: "maximum",
    exclusive: "exclusiveMaximum",
};

/// Whole numbers a schema allows, as multiples of a step.
struct Wholes {
    step: i128,
    lowest: Option<i128>,
    highest: Option<i128>,
}

impl Layers<'_> {
    fn wholes(&self) -> Wholes {
        let step = self
            .each("multipleOf")
            .filter_map(Value::as_f64)
            .filter_map(whole_multiple)
            .fold(1, common_multiple);
        let lowest = self.bounds(&LOWER).map(Bound::first_whole).max();
        let highest = self.bounds(&UPPER).map(Bound::last_whole).min();
        Wholes {
            step,
            lowest: lowest.map(|lowest| -(-lowest).div_euclid(step)),
            highest: highest.map(|highest| highest.div_euclid(step)),
        }
    }

    /// Whether a whole number is among those allowed, and can be told.
    fn allow_a_whole(&self) -> bool {
        let mut bounds = self.bounds(&LOWER).chain(self.bounds(&UPPER));
        let steps = self.each("multipleOf").filter_map(Value::as_f64);
        let mut steps = steps.filter(|step| *step > 0.0);
        let Wholes {
            lowest, highest, ..
        } = self.wholes();
        bounds.all(|bound| bound.at.abs() <= EXACT)
            && steps.all(|step| whole_multiple(step).is_some())
            && lowest.is_none_or(|lowest| highest.is_none_or(|highest| lowest <= highest))
    }

    fn bounds(&self, end: &End) -> impl Iterator<Item = Bound> {
        // Until 2013 `exclusiveMinimum` was a flag beside `minimum`.
        let flagged = self.each(end.exclusive).any(|flag| *flag == true);
        let bound = |exclusive| move |at| Bound { at, exclusive };
        let inclusive = self
            .each(end.inclusive)
            .filter_map(Value::as_f64)
            .map(bound(flagged));
        let exclusive = self
            .each(end.exclusive)
            .filter_map(Value::as_f64)
            .map(bound(true));
        inclusive.chain(exclusive)
    }
}

impl Bound {
    fn compare(&self, other: &Self) -> std::cmp::Ordering {
        self.at.total_cmp(&other.at)
    }

    fn first_whole(self) -> i128 {
        let first = truncated(self.at.ceil());
        if self.exclusive && float(first) <= self.at {
            first.saturating_add(1)
        } else {
            first
        }
    }

    fn last_whole(self) -> i128 {
        let last = truncated(self.at.floor());
        if self.exclusive && float(last) >= self.at {
            last.saturating_sub(1)
        } else {
            last
        }
    }
}

fn whole(number: i128) -> Value {
    if let Ok(small) = i64::try_from(number) {
        return small.into();
    }
    u64::try_from(number).map_or_else(|_| float(number).into(), Value::from)
}

/// The smallest whole number that a step leads to: 1 for a step that divides
/// it. `None`: it is too far, or there is none.
fn whole_multiple(step: f64) -> Option<i128> {
    let whole = (1..=1_000)
        .map(|times| f64::from(times) * step)
        .find(|sum| sum.fract() == 0.0);
    whole.map(truncated).filter(|step| *step > 0)
}

/// The smallest whole number that both divide.
fn common_multiple(before: i128, step: i128) -> i128 {
    let (mut divisor, mut rest) = (before, step);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    (before / divisor).saturating_mul(step)
}

/// A limit such as `minItems: 2.0`.
pub(super) fn limit(limit: f64) -> usize {
    usize::try_from(truncated(limit)).unwrap_or(usize::MAX)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "saturates, which is what a far bound means"
)]
fn truncated(number: f64) -> i128 {
    number as i128
}

#[expect(
    clippy::cast_precision_loss,
    reason = "beyond 2^53 any near number will do"
)]
fn float(number: i128) -> f64 {
    number as f64
}
