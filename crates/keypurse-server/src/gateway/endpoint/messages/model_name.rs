//! What an answer calls its model.

/// The model, as its client names it.
///
/// An answer says so, too: agents take a model of another name for another
/// model, and leave out what it thought, which its provider then misses.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct ModelName {
    pub(in crate::gateway) asked: String,
    /// Whether whoever answers is meant by it, whatever its provider calls it.
    pub(in crate::gateway) is_sure: bool,
}

impl ModelName {
    /// Whether an answer may have to be renamed: else nobody looks for its name.
    pub(in crate::gateway) fn may_differ(&self) -> bool {
        self.is_sure || self.asked.contains('/')
    }

    /// What a client reads where the provider wrote this. `None`: the same,
    /// because it is that already, or because another model stood in.
    pub(in crate::gateway) fn instead_of(&self, answered: &str) -> Option<String> {
        let Self { asked, is_sure } = self;
        let of_provider = asked.split_once('/');
        let is_asked = of_provider.is_some_and(|(_, model)| is_version_of(answered, model));
        (answered != asked && (is_asked || *is_sure)).then(|| asked.clone())
    }
}

/// Vendors tell a version behind the name: `-2026-01-31`, `-20260131`.
fn is_version_of(answered: &str, model: &str) -> bool {
    answered.strip_prefix(model).is_some_and(|rest| {
        let version = rest.strip_prefix('-').unwrap_or_default();
        rest.is_empty() || version.starts_with(|first: char| first.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::ModelName;

    #[test]
    fn an_answer_names_the_model_as_its_client_does() {
        for (asked, is_sure, answered, expected) in [
            ("up/m", false, "m", Some("up/m")),
            ("up/m", false, "m-2026-01-01", Some("up/m")),
            ("up/v/m", false, "v/m", Some("up/v/m")),
            ("up/m", false, "m-mini", None),
            ("up/m", false, "m2", None),
            ("up/m", false, "other", None),
            ("up/m", true, "other", Some("up/m")),
            ("up/m", false, "up/m", None),
            ("m", false, "m-2026-01-01", None),
            ("fast", true, "m", Some("fast")),
        ] {
            let name = ModelName {
                asked: asked.to_owned(),
                is_sure,
            };
            assert_eq!(
                name.instead_of(answered).as_deref(),
                expected,
                "{asked} {answered}"
            );
        }
    }
}
