//! Reads a JSON object strictly: what two parsers could read differently is
//! refused. A duplicate `model` or `max_tokens` read once by us and once by a
//! provider would be a billing attack.
//!
//! One pass checks all of it and notes where its values stand, so that nobody
//! has to walk through a long text again.

mod object;
mod scan;
mod string;
#[cfg(test)]
mod tests;
mod value;

pub use object::{JsonError, JsonObject, Member};
pub use value::Json;

/// Deepest nesting accepted.
pub const MAX_DEPTH: usize = 64;
