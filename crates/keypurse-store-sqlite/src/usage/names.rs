//! Which calls a report is about, and what their models are called.

use std::collections::BTreeSet;
use std::sync::Arc;

use keypurse_store::{StatusClass, UsageQuery};
use rusqlite::Connection;

use super::sums::Kind;
use crate::call_row::feature_code;

/// What a model is called, and the place of its names in their order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Model {
    pub(super) provider: u32,
    pub(super) model: u32,
}

/// Names of providers and models, each list in order.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) providers: Vec<Arc<str>>,
    pub(super) models: Vec<Arc<str>>,
    /// Those the report is about, by their numbers in the table `model`.
    wanted: Vec<Option<Model>>,
    feature: Option<u8>,
    status: Option<StatusClass>,
}

impl Names {
    pub(super) fn read(connection: &Connection, query: &UsageQuery) -> rusqlite::Result<Self> {
        let known = connection
            .prepare_cached("SELECT id, provider, name FROM model")?
            .query_map([], |row| {
                let provider: String = row.get(1)?;
                let model = format!("{provider}/{}", row.get::<_, String>(2)?);
                Ok((row.get(0)?, provider, model))
            })?
            .collect::<rusqlite::Result<Vec<(u32, String, String)>>>()?;
        let providers = in_order(known.iter().map(|(_, provider, _)| provider));
        let models = in_order(known.iter().map(|(_, _, model)| model));
        let mut wanted = Vec::new();
        for (id, provider, model) in &known {
            let id = at(*id);
            let is_other = |filter: &Option<String>, name: &String| {
                filter.as_ref().is_some_and(|wanted| wanted != name)
            };
            if is_other(&query.provider, provider) || is_other(&query.model, model) {
                continue;
            }
            if wanted.len() <= id {
                wanted.resize(id + 1, None);
            }
            wanted[id] = Some(Model {
                provider: place(&providers, provider),
                model: place(&models, model),
            });
        }
        Ok(Self {
            providers,
            models,
            wanted,
            feature: query.feature.map(feature_code),
            status: query.status,
        })
    }

    /// The model of a kind of calls; `None`: the report is not about these.
    pub(super) fn wanted(&self, kind: Kind) -> Option<Model> {
        let is_wanted = self.feature.is_none_or(|feature| feature == kind.feature)
            && self.status.is_none_or(|status| status == kind.status);
        let model = self.wanted.get(usize::try_from(kind.model).ok()?)?;
        model.filter(|_| is_wanted)
    }
}

fn in_order<'a>(names: impl Iterator<Item = &'a String>) -> Vec<Arc<str>> {
    let names: BTreeSet<&String> = names.collect();
    names
        .into_iter()
        .map(|name| Arc::from(name.as_str()))
        .collect()
}

fn place(names: &[Arc<str>], name: &str) -> u32 {
    let place = names.partition_point(|other| **other < *name);
    u32::try_from(place).expect("as many as models, whose numbers fit")
}

/// Where a place in a list of names is.
pub(super) fn at(place: u32) -> usize {
    usize::try_from(place).expect("32 bits fit")
}
