//! Writes one value, and keeps account of what it costs.

use serde_json::{Map, Value};

use super::{
    kinds::{Kind, Kinds},
    layers::Layers,
    numbers,
};
use crate::simulator::dice::Dice;

/// From this depth on only what must be there is written, so that recursive
/// schemas come to an end.
pub(super) const SPARSE_DEPTH: usize = 4;
/// Deeper than any request body; only a value without end gets here.
pub(super) const MOST_DEPTH: usize = 72;
/// How many branches, listed values or types are looked at in one place.
pub(super) const CONSIDERED: usize = 256;

pub(super) struct Writer<'s> {
    pub(super) root: &'s Value,
    pub(super) dice: Dice,
    steps: u32,
}

impl<'s> Writer<'s> {
    pub(super) fn new(root: &'s Value, dice: Dice, steps: u32) -> Self {
        Self { root, dice, steps }
    }

    /// A value that every one of `schemas` accepts.
    pub(super) fn value(&mut self, schemas: &[&'s Value], depth: usize) -> Value {
        if depth > MOST_DEPTH || !self.spend(1) {
            return Value::Null;
        }
        let layers = self.layers(schemas, depth);
        if let Some(listed) = self.listed(&layers) {
            return listed;
        }
        match layers.kind(depth >= SPARSE_DEPTH) {
            Kind::Null => Value::Null,
            Kind::Boolean => (self.dice.below(2) == 0).into(),
            Kind::Integer => self.integer(&layers),
            Kind::Number => self.number(&layers),
            Kind::String => self.string(&layers),
            Kind::Array => self.array(&layers, depth),
            Kind::Object => self.object(&layers, depth),
        }
    }

    /// Pays for some work; false once the steps are used up.
    pub(super) fn spend(&mut self, steps: usize) -> bool {
        let steps = u32::try_from(steps).unwrap_or(u32::MAX);
        let affordable = steps <= self.steps;
        self.steps = if affordable { self.steps - steps } else { 0 };
        affordable
    }

    /// One of the values that `const` or `enum` lists.
    fn listed(&mut self, layers: &Layers<'s>) -> Option<Value> {
        let (options, others) = layers.lists()?;
        let options = &options[..options.len().min(CONSIDERED)];
        // Lists are compared each with each, so that is paid for.
        let compared: usize = others.iter().map(|list| list.len()).sum();
        if !self.spend(options.len().saturating_mul(compared) / 16) {
            return Some(Value::Null);
        }
        let kinds = layers.kinds();
        let fitting = options.iter().filter(|option| {
            kinds.meets(Kinds::of_value(option)) && others.iter().all(|list| list.contains(option))
        });
        let fitting: Vec<_> = fitting.collect();
        let option = self
            .dice
            .pick(&fitting)
            .copied()
            .unwrap_or(options.first()?);
        let affordable = self.spend(weight(option));
        Some(if affordable {
            option.clone()
        } else {
            Value::Null
        })
    }
}

/// What a copy of `value` costs in steps.
fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 1,
        Value::String(text) => text_weight(text),
        Value::Array(elements) => 1 + elements.iter().map(weight).sum::<usize>(),
        Value::Object(object) => {
            let weigh = |(name, value): (&String, _)| text_weight(name) + weight(value);
            1 + object.iter().map(weigh).sum::<usize>()
        }
    }
}

pub(super) fn text_weight(text: &str) -> usize {
    1 + text.len() / 64
}

/// An unsigned limit such as `minItems`; huge ones are as good as `usize::MAX`.
pub(super) fn limit(value: &Value) -> Option<usize> {
    let whole = value
        .as_u64()
        .map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
    whole.or_else(|| {
        value
            .as_f64()
            .filter(|limit| *limit >= 0.0)
            .map(numbers::limit)
    })
}

pub(super) fn list<'s>(map: &'s Map<String, Value>, keyword: &str) -> &'s [Value] {
    map.get(keyword)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}
