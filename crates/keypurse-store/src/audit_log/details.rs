//! What changed, as a JSON object.

use serde::Serialize;
use serde_json::{Map, Value, json};

/// What changed: a JSON object, members in the order they were told. Money is
/// text, as JSON's readers round numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details(Map<String, Value>);

impl Details {
    /// Nothing to tell.
    pub fn none() -> Self {
        Self::default()
    }

    /// These, and one more member.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).expect("texts and numbers are JSON");
        self.0.insert(name.to_owned(), value);
        self
    }

    /// These, and what one member was and is.
    #[must_use]
    pub fn changed(self, name: &str, from: impl Serialize, to: impl Serialize) -> Self {
        self.with(name, json!({"from": from, "to": to}))
    }

    /// These, and how many of the kind a
    /// [`RecordLimit`](super::RecordLimit) left out before.
    #[must_use]
    pub fn after_leaving_out(self, count: u64) -> Self {
        if count == 0 {
            return self;
        }
        self.with("not_recorded_before", count)
    }

    /// The object's text, as it is stored.
    pub fn to_text(&self) -> String {
        serde_json::to_string(&self.0).expect("an object has a text")
    }
}
