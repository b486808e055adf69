//! The bundled catalogue, and small ones written for one case.

mod lookup;
mod oracle;
mod prices;

use keypurse_core::time::Timestamp;

use super::{Catalogue, ModelEntry};

const TODAY: &str = "2026-11-21T12:00:00Z";

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn find<'a>(catalogue: &'a Catalogue, name: &str) -> ModelEntry<'a> {
    let (provider, model) = name.split_once('/').unwrap();
    catalogue
        .find(provider, model)
        .unwrap_or_else(|| panic!("{name} is not in the catalogue"))
}
