//! Reads a query string strictly, and collects all that is wrong with it.

use std::collections::BTreeMap;

use crate::http::fields::{BLANK, REQUIRED, Reason};
use crate::http::refusal::{FieldFaults, Refusal};

const TWICE: &str = "Send this parameter once.";
const UNKNOWN: &str = "There is no such parameter here.";
/// Beyond this a name is not repeated to whoever sent it.
const SHOWN_NAME: usize = 100;

/// The parameters of a request, each of them known and there once.
#[derive(Debug)]
pub(super) struct Parameters {
    values: BTreeMap<&'static str, String>,
    /// What was wrong so far.
    pub(super) faults: FieldFaults,
}

impl Parameters {
    /// Takes a query string apart.
    pub(super) fn read(query: Option<&str>, known: &[&'static str]) -> Self {
        let mut parameters = Self {
            values: BTreeMap::new(),
            faults: FieldFaults::default(),
        };
        for (name, value) in pairs(query) {
            match known.iter().find(|known| **known == name) {
                None => parameters.refuse(&name),
                Some(name) => parameters.keep(name, value),
            }
        }
        parameters
    }

    fn refuse(&mut self, name: &str) {
        let shown: String = name.chars().take(SHOWN_NAME).collect();
        if !self.faults.has(&shown) {
            self.faults.add(shown, UNKNOWN);
        }
    }

    fn keep(&mut self, name: &'static str, value: String) {
        if self.values.insert(name, value).is_some() && !self.faults.has(name) {
            self.faults.add(name, TWICE);
        }
    }

    /// Whether a parameter is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// A parameter that must be there.
    pub(super) fn required<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, Reason>,
    ) -> Option<T> {
        if !self.has(name) {
            self.faults.add(name, REQUIRED);
        }
        self.optional(name, read)
    }

    /// A parameter that may be absent, but not empty.
    pub(super) fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, Reason>,
    ) -> Option<T> {
        let value = self.values.get(name)?;
        let read = if value.is_empty() {
            Err(BLANK.into())
        } else {
            read(value)
        };
        read.map_err(|reason| self.faults.add(name, reason)).ok()
    }

    /// A parameter that is taken as it is.
    pub(super) fn text(&mut self, name: &'static str) -> Option<String> {
        self.optional(name, |text| Ok(text.to_owned()))
    }

    /// What was read, if nothing was wrong. `None` stands for what is required
    /// and missing, which is a fault already.
    pub(super) fn done<T>(self, read: Option<T>) -> Result<T, Refusal> {
        read.filter(|_| self.faults.is_empty())
            .ok_or(Refusal::Invalid(self.faults))
    }
}

/// Every value that a parameter has, whatever else is wrong.
pub(super) fn values_of(query: Option<&str>, name: &str) -> Vec<String> {
    let values = pairs(query).filter(|(found, _)| found == name);
    values.map(|(_, value)| value).collect()
}

/// The query string with other or without some parameters.
pub(super) fn with(query: Option<&str>, name: &str, value: &str) -> String {
    let others = pairs(query).filter(|(found, _)| found != name);
    let mut written = form_urlencoded::Serializer::new(String::new());
    written.extend_pairs(others).append_pair(name, value);
    written.finish()
}

fn pairs(query: Option<&str>) -> impl Iterator<Item = (String, String)> {
    let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    pairs.map(|(name, value)| (name.into_owned(), value.into_owned()))
}

/// One of a few words.
pub(super) fn choice<T: Copy>(word: &str, choices: &[(&str, T)]) -> Result<T, Reason> {
    let found = choices.iter().find(|(name, _)| *name == word);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
        format!(
            "\"{word}\" is not a valid choice; send one of {}.",
            names.join(", ")
        )
        .into()
    })
}

#[cfg(test)]
mod tests {
    use super::{Parameters, values_of, with};
    use crate::http::refusal::Refusal;
    use serde_json::json;

    #[test]
    fn all_that_is_wrong_with_a_query_is_told_at_once() {
        let query = Some("a=1&a=2&wrong=1&wrong=2&b=&c=7");
        let mut parameters = Parameters::read(query, &["a", "b", "c", "d"]);
        let c = parameters.text("c");
        parameters.text("b");
        parameters.required("d", |_| Ok(()));
        assert_eq!(c.as_deref(), Some("7"));
        let Err(Refusal::Invalid(faults)) = parameters.done(Some(())) else {
            panic!("it is refused")
        };
        let expected = json!({
            "a": ["Send this parameter once."],
            "b": ["This field may not be blank."],
            "d": ["This field is required."],
            "wrong": ["There is no such parameter here."],
        });
        assert_eq!(serde_json::to_value(&faults).unwrap(), expected);
    }

    #[test]
    fn what_is_encoded_is_read_and_written_again() {
        let query = Some("token=a%26b+c&cursor=1&token=%C3%A9");
        assert_eq!(values_of(query, "token"), ["a&b c", "é"]);
        let other = with(query, "cursor", "2");
        assert_eq!(other, "token=a%26b+c&token=%C3%A9&cursor=2");
        assert_eq!(with(None, "cursor", "2"), "cursor=2");
    }
}
