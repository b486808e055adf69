//! All the schema objects that one value has to satisfy at once.

use serde_json::{Map, Value};

use super::{
    kinds::{Kind, Kinds},
    writer::{Writer, limit, list},
};

/// More than any sane schema puts on one value; bounds the work per keyword.
const MOST_LAYERS: usize = 64;

/// A schema, what its `$ref` names, all of `allOf` and the chosen branch of
/// each union: borrowed side by side, because merging them would copy parts of
/// the schema for every value written.
pub(super) struct Layers<'s> {
    maps: Vec<&'s Map<String, Value>>,
}

impl<'s> Writer<'s> {
    pub(super) fn layers(&mut self, schemas: &[&'s Value], depth: usize) -> Layers<'s> {
        let mut layers = Layers {
            maps: Vec::with_capacity(schemas.len()),
        };
        for schema in schemas {
            self.gather(schema, &mut layers, depth);
        }
        // The first one is paid for as the value itself.
        self.spend(layers.maps.len().saturating_sub(1));
        layers
    }

    fn gather(&mut self, schema: &'s Value, layers: &mut Layers<'s>, depth: usize) {
        // `true` asks for nothing, and nothing could satisfy `false`.
        let Value::Object(map) = schema else { return };
        if layers.maps.len() == MOST_LAYERS || layers.contain(map) {
            return;
        }
        layers.maps.push(map);
        if let Some(target) = self.target(map) {
            self.gather(target, layers, depth);
        }
        for part in list(map, "allOf").iter().take(MOST_LAYERS) {
            self.gather(part, layers, depth);
        }
        for keyword in ["anyOf", "oneOf"] {
            if let Some(branch) = self.branch(list(map, keyword), layers.kinds(), depth) {
                self.gather(branch, layers, depth);
            }
        }
    }

    /// What `$ref` points to: always inside the same document, since a
    /// simulator fetches nothing.
    pub(super) fn target(&self, map: &'s Map<String, Value>) -> Option<&'s Value> {
        let pointer = map.get("$ref")?.as_str()?.strip_prefix('#')?;
        self.root.pointer(pointer)
    }
}

impl<'s> Layers<'s> {
    /// What each layer says for `keyword`.
    pub(super) fn each(&self, keyword: &str) -> impl Iterator<Item = &'s Value> {
        self.maps.iter().filter_map(move |map| map.get(keyword))
    }

    pub(super) fn have(&self, keyword: &str) -> bool {
        self.each(keyword).next().is_some()
    }

    /// The strictest of lower limits such as `minItems`.
    pub(super) fn at_least(&self, keyword: &str) -> usize {
        self.each(keyword).filter_map(limit).max().unwrap_or(0)
    }

    /// The strictest of upper limits such as `maxItems`.
    pub(super) fn at_most(&self, keyword: &str) -> usize {
        self.each(keyword)
            .filter_map(limit)
            .min()
            .unwrap_or(usize::MAX)
    }

    pub(super) fn kinds(&self) -> Kinds {
        let kinds = self.maps.iter().map(|map| Kinds::of_schema(map));
        kinds.fold(Kinds::ALL, Kinds::and)
    }

    /// The kind of value to write.
    pub(super) fn kind(&self, sparse: bool) -> Kind {
        let kinds = self.kinds();
        if kinds == Kinds::ALL {
            return self.implied_kind();
        }
        // Sparse values start with what takes least, others with what tells most.
        let mut preferred = [
            Kind::Object,
            Kind::Array,
            Kind::String,
            Kind::Number,
            Kind::Integer,
            Kind::Boolean,
            Kind::Null,
        ];
        if sparse {
            preferred.reverse();
        }
        preferred
            .into_iter()
            .find(|kind| kinds.holds(*kind))
            .unwrap_or(Kind::Null)
    }

    /// Without a `type`, the keywords tell what the author had in mind.
    fn implied_kind(&self) -> Kind {
        let have_any = |keywords: &[&str]| keywords.iter().any(|keyword| self.have(keyword));
        if have_any(&[
            "properties",
            "required",
            "additionalProperties",
            "minProperties",
        ]) {
            Kind::Object
        } else if have_any(&["items", "prefixItems", "minItems", "contains"]) {
            Kind::Array
        } else if have_any(&["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]) {
            Kind::Integer
        } else if have_any(&["multipleOf"]) {
            Kind::Number
        } else {
            Kind::String
        }
    }

    /// The values that `const` and `enum` allow: the shortest list, and those
    /// a value must be on as well.
    pub(super) fn lists(&self) -> Option<(&'s [Value], Vec<&'s [Value]>)> {
        let constants = self.each("const").map(std::slice::from_ref);
        let listed = self
            .each("enum")
            .filter_map(Value::as_array)
            .map(Vec::as_slice);
        let mut lists: Vec<_> = constants.chain(listed).collect();
        let shortest = (0..lists.len()).min_by_key(|at| lists[*at].len())?;
        Some((lists.swap_remove(shortest), lists))
    }

    fn contain(&self, map: &Map<String, Value>) -> bool {
        self.maps.iter().any(|layer| std::ptr::eq(*layer, map))
    }
}
