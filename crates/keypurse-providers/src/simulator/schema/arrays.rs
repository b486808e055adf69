//! Arrays.

use serde_json::Value;

use super::{
    layers::Layers,
    writer::{SPARSE_DEPTH, Writer, limit},
};

/// How many elements to show where the schema leaves it open.
const USUAL_LENGTH: usize = 2;
/// How often to look for an element that is not there yet.
const TRIES: usize = 32;

impl<'s> Writer<'s> {
    pub(super) fn array(&mut self, layers: &Layers<'s>, depth: usize) -> Value {
        let shape = Shape::of(layers);
        let usual = if depth < SPARSE_DEPTH {
            USUAL_LENGTH.max(shape.places.len())
        } else {
            0
        };
        let length = usual.min(shape.longest).max(shape.least);
        let mut elements = Vec::new();
        while elements.len() < length {
            match self.element(&shape, &elements, depth) {
                Some(element) => elements.push(element),
                None => break,
            }
        }
        elements.into()
    }

    /// The next element; `None` when there is none or the steps are used up.
    fn element(&mut self, shape: &Shape<'s>, before: &[Value], depth: usize) -> Option<Value> {
        let schemas = shape.schemas(before.len());
        for _ in 0..TRIES {
            // Comparing with every element before takes steps as well.
            let compared = if shape.unique { before.len() } else { 0 };
            if !self.spend(compared / 8 + 1) {
                return None;
            }
            let element = self.value(&schemas, depth + 1);
            if !shape.unique || !before.contains(&element) {
                return Some(element);
            }
        }
        None
    }
}

/// What all layers together say about an array.
struct Shape<'s> {
    /// The schemas of the first elements, each with its own.
    places: &'s [Value],
    /// What every later element must satisfy.
    rest: Vec<&'s Value>,
    contained: Option<&'s Value>,
    least: usize,
    longest: usize,
    unique: bool,
}

impl<'s> Shape<'s> {
    fn of(layers: &Layers<'s>) -> Self {
        // Until 2019 `items` itself was the list of places.
        let older = layers.each("items").filter_map(Value::as_array);
        let mut places = layers
            .each("prefixItems")
            .filter_map(Value::as_array)
            .chain(older);
        let places = places.next().map_or(&[][..], Vec::as_slice);
        let rest: Vec<_> = layers
            .each("items")
            .filter(|items| !items.is_array())
            .collect();
        let closed = rest.iter().any(|items| **items == false)
            || layers.each("additionalItems").any(|items| *items == false);
        let most = layers.at_most("maxItems");
        let contained = layers.each("contains").next();
        let contained_least = match layers.each("minContains").find_map(limit) {
            Some(least) => least,
            None => usize::from(contained.is_some()),
        };
        Self {
            places,
            rest,
            contained: contained.filter(|_| contained_least > 0),
            least: layers.at_least("minItems").max(contained_least),
            longest: if closed { most.min(places.len()) } else { most },
            unique: layers.each("uniqueItems").any(|unique| *unique == true),
        }
    }

    /// Every schema for the element at `index`. Those that `contains` asks for
    /// may as well all be so.
    fn schemas(&self, index: usize) -> Vec<&'s Value> {
        match self.places.get(index) {
            Some(place) => vec![place],
            None => self.rest.iter().copied().chain(self.contained).collect(),
        }
    }
}
