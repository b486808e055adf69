//! Names an operator gives to models.

use std::collections::{BTreeMap, HashMap};

use keypurse_providers::catalogue::Catalogue;
use thiserror::Error;
use tracing::warn;

use super::candidates::MOST_CANDIDATES;

/// Names of models are no longer.
const LONGEST_NAME: usize = 512;

/// Why an alias cannot be used.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum AliasError {
    /// It would hide a model of that name, or cannot be written in a request.
    #[error(
        "an alias has 1 to {LONGEST_NAME} characters and no slash, which stands in names of models"
    )]
    Name,
    /// It leads nowhere, or to more than is ever tried.
    #[error("an alias stands for 1 to {MOST_CANDIDATES} models")]
    Count,
    /// What it stands for is named like an alias, or is one.
    #[error("`{0}` is not named `provider/model`, as in `openai/gpt-4o`")]
    Target(String),
    /// Nobody of that name is known.
    #[error("there is no provider `{0}`: it is neither configured nor in the catalogue")]
    Provider(String),
}

/// Aliases and the models they stand for, the first to be tried first.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Aliases {
    by_name: HashMap<String, Vec<String>>,
}

impl Aliases {
    /// Checks what the operator wrote. `Err`: which alias, and what is wrong.
    pub(in crate::gateway) fn new(
        stated: BTreeMap<String, Vec<String>>,
        is_configured: impl Fn(&str) -> bool,
        catalogue: &Catalogue,
    ) -> Result<Self, (String, AliasError)> {
        let known = |provider: &str| {
            is_configured(provider) || catalogue.models().any(|entry| entry.provider == provider)
        };
        for (name, models) in &stated {
            check(name, models, known).map_err(|wrong| (name.clone(), wrong))?;
            if let Some(provider) = catalogue.providers_serving(name).next() {
                warn!(
                    alias = name,
                    "alias `{name}` hides the model of that name; call it `{provider}/{name}`"
                );
            }
        }
        Ok(Self {
            by_name: stated.into_iter().collect(),
        })
    }

    /// The models a name stands for, if it is an alias.
    pub(in crate::gateway) fn get(&self, name: &str) -> Option<&[String]> {
        // Most nodes have none: then nothing is hashed.
        if self.by_name.is_empty() {
            return None;
        }
        self.by_name.get(name).map(Vec::as_slice)
    }

    /// The model to ask first when this name is called: what an alias stands
    /// for, or the name itself.
    pub(in crate::gateway) fn resolve<'a>(&'a self, name: &'a str) -> &'a str {
        self.get(name).map_or(name, |models| &models[0])
    }

    /// All, in alphabetical order.
    pub(in crate::gateway) fn sorted(&self) -> Vec<(&str, &[String])> {
        let all = self.by_name.iter();
        let mut all: Vec<_> = all
            .map(|(name, models)| (name.as_str(), models.as_slice()))
            .collect();
        all.sort_unstable();
        all
    }
}

fn check(name: &str, models: &[String], known: impl Fn(&str) -> bool) -> Result<(), AliasError> {
    let length = name.chars().count();
    if name.trim().is_empty() || length > LONGEST_NAME || name.contains('/') {
        return Err(AliasError::Name);
    }
    if models.is_empty() || models.len() > MOST_CANDIDATES {
        return Err(AliasError::Count);
    }
    for model in models {
        let named = model.split_once('/').filter(|(_, rest)| !rest.is_empty());
        let (provider, _) = named.ok_or_else(|| AliasError::Target(model.clone()))?;
        if !known(provider) {
            return Err(AliasError::Provider(provider.to_owned()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{AliasError, Aliases};
    use keypurse_providers::catalogue::Catalogue;

    fn read(name: &str, models: &[&str]) -> Result<Aliases, AliasError> {
        let models = models.iter().map(|model| (*model).to_owned()).collect();
        let stated = [(name.to_owned(), models)].into();
        let aliases = Aliases::new(stated, |provider| provider == "own", &Catalogue::bundled());
        aliases.map_err(|(_, wrong)| wrong)
    }

    #[test]
    fn an_alias_stands_for_models_and_never_for_an_alias() {
        let aliases = read("fast", &["own/m", "openai/gpt-4o-mini"]).unwrap();
        assert_eq!(aliases.resolve("fast"), "own/m");
        assert_eq!(aliases.resolve("gpt-4o"), "gpt-4o");
        assert_eq!(aliases.sorted()[0].1.len(), 2);
        let target = |name: &str| Some(AliasError::Target(name.to_owned()));
        for (name, models, wrong) in [
            ("own/m", &["own/m"][..], Some(AliasError::Name)),
            (" ", &["own/m"], Some(AliasError::Name)),
            ("fast", &[], Some(AliasError::Count)),
            ("fast", &["own/m"; 5], Some(AliasError::Count)),
            ("fast", &["other"], target("other")),
            ("fast", &["own/"], target("own/")),
            (
                "fast",
                &["nobody/m"],
                Some(AliasError::Provider("nobody".to_owned())),
            ),
            ("gpt-4o", &["own/m"], None),
        ] {
            assert_eq!(read(name, models).err(), wrong, "{name}: {models:?}");
        }
    }
}
