//! Choosing a branch of `anyOf` or `oneOf`.

use serde_json::Value;

use super::{
    kinds::Kinds,
    writer::{CONSIDERED, SPARSE_DEPTH, Writer, limit, list},
};

/// How far ahead branches are looked into, and at how many schemas in all.
const LOOK_DEPTH: u32 = 8;
const LOOKS: usize = 2_048;
/// The height of what did not end within sight.
const ENDLESS: u32 = 1_000;

impl<'s> Writer<'s> {
    /// A branch that goes with `kinds`, what the schema around it allows: any
    /// that is more than null while there is room, later the flattest one.
    pub(super) fn branch(
        &mut self,
        branches: &'s [Value],
        kinds: Kinds,
        depth: usize,
    ) -> Option<&'s Value> {
        let branches = &branches[..branches.len().min(CONSIDERED)];
        let fits = |branch: &&Value| self.kinds_of(branch).meets(kinds) && **branch != false;
        let mut fitting: Vec<_> = branches.iter().filter(fits).collect();
        if depth >= SPARSE_DEPTH {
            return self.flattest(&fitting);
        }
        if fitting
            .iter()
            .any(|branch| self.kinds_of(branch) != Kinds::NULL)
        {
            fitting.retain(|branch| self.kinds_of(branch) != Kinds::NULL);
        }
        self.dice.pick(&fitting).copied()
    }

    fn flattest(&mut self, branches: &[&'s Value]) -> Option<&'s Value> {
        let mut looks = 0;
        let share = LOOKS / branches.len().max(1);
        let height = |branch: &&&'s Value| {
            let mut left = share;
            let height = self.height(branch, LOOK_DEPTH, &mut left);
            looks += share - left;
            height
        };
        let flattest = branches.iter().min_by_key(height).copied();
        self.spend(looks / 8);
        flattest
    }

    fn kinds_of(&self, branch: &'s Value) -> Kinds {
        let mut kinds = Kinds::ALL;
        let mut schema = branch;
        // Long enough for a name of a name; a circle of names ends here too.
        for _ in 0..8 {
            let Value::Object(map) = schema else { break };
            kinds = kinds.and(Kinds::of_schema(map));
            let Some(target) = self.target(map) else {
                break;
            };
            schema = target;
        }
        kinds
    }

    /// How many levels the smallest value of `schema` has, as far as one can
    /// see with so many looks `left`.
    fn height(&self, schema: &'s Value, depth: u32, left: &mut usize) -> u32 {
        let Value::Object(map) = schema else { return 0 };
        if depth == 0 || *left == 0 {
            return ENDLESS;
        }
        *left -= 1;
        let kinds = Kinds::of_schema(map);
        let nullable = kinds != Kinds::ALL && kinds.meets(Kinds::NULL);
        if nullable || map.contains_key("const") || map.contains_key("enum") {
            return 0;
        }
        let mut height = |schema| self.height(schema, depth - 1, left);

        let mut tallest = self.target(map).map_or(0, &mut height);
        for part in list(map, "allOf") {
            tallest = tallest.max(height(part));
        }
        for keyword in ["anyOf", "oneOf"] {
            let flattest = list(map, keyword).iter().map(&mut height).min();
            tallest = tallest.max(flattest.unwrap_or(0));
        }
        for name in list(map, "required").iter().filter_map(Value::as_str) {
            let property = map
                .get("properties")
                .and_then(|properties| properties.get(name));
            tallest = tallest.max(1 + property.map_or(0, &mut height));
        }
        if map
            .get("minItems")
            .and_then(limit)
            .is_some_and(|least| least > 0)
        {
            tallest = tallest.max(1 + map.get("items").map_or(0, &mut height));
        }
        tallest
    }
}
