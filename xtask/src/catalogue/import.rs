//! The whole catalogue from both sources.

use anyhow::{Context as _, Result};
use keypurse_providers::catalogue::wire;

use super::limits::Limits;
use super::report::Report;
use super::{model, source};

pub(super) fn build(
    prices: &str,
    limits: &str,
    date: &str,
    report: &mut Report,
) -> Result<wire::File> {
    let sources: Vec<source::Provider> =
        serde_json::from_str(prices).context("the prices are not in genai-prices' format")?;
    let limits = Limits::read(limits)?;
    let mut providers = Vec::with_capacity(sources.len());
    for source in sources {
        let id = source::rename(source.id).to_owned();
        let mut models = Vec::with_capacity(source.models.len());
        for entry in &source.models {
            let built = model::build(&id, entry, &limits, report);
            models.extend(built.with_context(|| format!("model {id}/{}", entry.id))?);
        }
        models.sort_by(|a: &wire::Model, b| a.id.cmp(&b.id));
        let fallback = source.fallback_model_providers;
        let fallback = fallback
            .into_iter()
            .map(|name| source::rename(name).to_owned())
            .collect();
        providers.push(wire::Provider {
            id,
            fallback,
            models,
        });
    }
    providers.sort_by(|a, b| a.id.cmp(&b.id));
    report.providers = providers.len();
    Ok(wire::File {
        date: date.to_owned(),
        providers,
    })
}
