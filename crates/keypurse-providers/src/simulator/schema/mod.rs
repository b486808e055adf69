//! Writes a value that a JSON schema accepts.
//!
//! Understood: `type`, `const`, `enum`, `$ref` into the same document,
//! `allOf`, `anyOf`, `oneOf`, objects (`properties`, `required`,
//! `additionalProperties`, `minProperties`), arrays (`items`, `prefixItems`,
//! `contains`, `minItems`, `maxItems`, `uniqueItems`), strings (`format`,
//! `pattern`, lengths) and numbers (bounds, `multipleOf`): all of OpenAI's
//! strict schemas and most of what others send. `not`, `if` and
//! `patternProperties` are not looked at.
//!
//! A schema comes from the network, so everything is paid for in **steps**: a
//! few hundred bytes can describe a value larger than any memory. When the
//! steps are used up what remains is null, whether or not the schema likes it.

mod arrays;
mod kinds;
mod layers;
mod numbers;
mod objects;
mod pattern;
mod strings;
mod unions;
mod writer;

use serde_json::Value;

use super::dice::Dice;
use writer::{Writer, text_weight};

/// Several times the 5 000 properties that OpenAI lets a schema have.
pub(super) const MOST_STEPS: u32 = 20_000;
pub(super) const LEAST_STEPS: u32 = 500;

/// A value that `schema` accepts. The same dice give the same value.
pub(super) fn instance(schema: &Value, dice: Dice, steps: u32) -> Value {
    Writer::new(schema, dice, steps).value(&[schema], 0)
}

/// Text that matches a regular expression. `None` for one that is not
/// understood, or that takes more steps than there are.
pub(super) fn matching(pattern: &str, dice: Dice, steps: u32) -> Option<String> {
    let mut writer = Writer::new(&Value::Null, dice, steps);
    let text = writer.matching(pattern, 0, |_| true)?;
    writer.spend(text_weight(&text)).then_some(text)
}
