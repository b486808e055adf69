//! Objects.

use serde_json::{Map, Value};

use super::{
    layers::Layers,
    strings::WORDS,
    writer::{SPARSE_DEPTH, Writer, text_weight},
};

/// Keywords under which a property too many can make a value invalid.
const CHOOSY: [&str; 6] = [
    "oneOf",
    "not",
    "if",
    "dependentRequired",
    "dependentSchemas",
    "maxProperties",
];

impl<'s> Writer<'s> {
    pub(super) fn object(&mut self, layers: &Layers<'s>, depth: usize) -> Value {
        let mut object = Map::new();
        let choosy = CHOOSY.iter().any(|keyword| layers.have(keyword));
        let required = || {
            layers
                .each("required")
                .filter_map(Value::as_array)
                .flatten()
        };
        let required = || required().filter_map(Value::as_str);
        if depth < SPARSE_DEPTH && !(choosy && required().next().is_some()) {
            let most = layers.at_most("maxProperties");
            self.add_declared(layers, &mut object, most, depth);
        }
        for name in required() {
            if !self.add(name, layers, &mut object, depth) {
                break;
            }
        }
        self.add_more(layers, &mut object, depth);
        object.into()
    }

    /// Adds properties in the order they are declared, until there are `most`.
    fn add_declared(
        &mut self,
        layers: &Layers<'s>,
        object: &mut Map<String, Value>,
        most: usize,
        depth: usize,
    ) {
        let declared = layers
            .each("properties")
            .filter_map(Value::as_object)
            .flatten();
        for (name, schema) in declared {
            if object.len() >= most {
                return;
            }
            if *schema != false && !self.add(name, layers, object, depth) {
                return;
            }
        }
    }

    /// Adds one property, unless it is there; false once the steps are used up.
    fn add(
        &mut self,
        name: &str,
        layers: &Layers<'s>,
        object: &mut Map<String, Value>,
        depth: usize,
    ) -> bool {
        if !self.spend(text_weight(name)) {
            return false;
        }
        if !object.contains_key(name) {
            let value = self.value(&layers.property(name), depth + 1);
            object.insert(name.to_owned(), value);
        }
        true
    }

    /// Adds what `minProperties` still misses, and shows one entry of a map
    /// that declares no names.
    fn add_more(&mut self, layers: &Layers<'s>, object: &mut Map<String, Value>, depth: usize) {
        let least = layers.at_least("minProperties");
        self.add_declared(layers, object, least, depth);

        let described = layers.each("additionalProperties").any(Value::is_object);
        let unnamed = !layers.have("properties") && !layers.have("propertyNames");
        let shown = usize::from(described && unnamed && depth < SPARSE_DEPTH);
        let wanted = least.max(shown).min(layers.at_most("maxProperties"));
        let mut names = 0_usize;
        while object.len() < wanted && layers.allow_more() {
            let word = WORDS[names % WORDS.len()];
            let name = match names / WORDS.len() {
                0 => word.to_owned(),
                round => format!("{word}_{round}"),
            };
            names += 1;
            if !self.add(&name, layers, object, depth) {
                return;
            }
        }
    }
}

impl<'s> Layers<'s> {
    /// Every schema for the property `name`.
    fn property(&self, name: &str) -> Vec<&'s Value> {
        let declared: Vec<_> = self
            .each("properties")
            .filter_map(|all| all.get(name))
            .collect();
        if declared.is_empty() {
            return self.each("additionalProperties").collect();
        }
        declared
    }

    fn allow_more(&self) -> bool {
        self.each("additionalProperties")
            .all(|allowed| *allowed != false)
    }
}
