//! One model of the catalogue from one of the source.

use anyhow::Result;
use keypurse_providers::catalogue::wire;

use super::limits::{Found, Limits};
use super::report::Report;
use super::source::Model;
use super::{modes, prices, rules, tiers};

const NO_RATES: &str = "{}";

/// The model, and beside it one of its own for aliases that search on every
/// call while the model does not.
pub(super) fn build(
    provider: &str,
    source: &Model,
    limits: &Limits,
    report: &mut Report,
) -> Result<Vec<wire::Model>> {
    let mut rules = rules::translate(provider, source.id, &source.rule)?;
    let searching: Vec<String> = if modes::always_searches(source.id) {
        Vec::new()
    } else {
        rules
            .extract_if(.., |rule| modes::always_searches(rule))
            .collect()
    };

    let found = limits.find(provider, source.id, &rules);
    let rates = source.prices.get();
    let answers = rates == NO_RATES || rates.contains("\"output_mtok\"");
    let mode = match found.limit.as_ref().and_then(|limit| limit.mode) {
        Some(mode) => modes::from_limits(mode),
        None => modes::from_name(source.id, answers),
    };
    let (rows, also) = prices::build(source.prices, mode, report)?;
    let mut rows = tiers::add(rows, &source.price_variants, mode, report)?;
    if let Some(reason) = modes::hidden_price(source.id, mode, rates) {
        rows = vec![unpriced(reason)];
    }
    if modes::is_free(provider, source.id) && rates == NO_RATES {
        rows = vec![free()];
    }
    report.count(source, mode, &rows, &found);

    let model = wire::Model {
        id: source.id.to_owned(),
        mode,
        max_input: max_input(source, &found),
        max_output: found
            .limit
            .as_ref()
            .and_then(|limit| limit.max_output_tokens),
        dimensions: found
            .limit
            .as_ref()
            .and_then(|limit| limit.output_vector_size),
        rules,
        prices: rows,
        also: also.into_iter().collect(),
    };
    let searching = split(&model, &searching);
    report.split += usize::from(searching.is_some());
    Ok(std::iter::once(model).chain(searching).collect())
}

fn max_input(source: &Model, found: &Found) -> Option<u64> {
    let limit = found
        .limit
        .as_ref()
        .and_then(|limit| limit.max_input_tokens);
    limit.or(source.context_window)
}

/// A model for aliases that cannot have their namesake's price.
fn split(model: &wire::Model, aliases: &[String]) -> Option<wire::Model> {
    let (first, others) = aliases.split_first()?;
    Some(wire::Model {
        id: first.trim_start_matches(['=', '^', '*', '$']).to_owned(),
        mode: model.mode,
        max_input: model.max_input,
        max_output: model.max_output,
        dimensions: None,
        rules: others.to_vec(),
        prices: vec![unpriced(modes::SEARCHING)],
        also: Vec::new(),
    })
}

fn unpriced(reason: &str) -> wire::Row {
    wire::Row {
        unpriced: Some(reason.to_owned()),
        ..wire::Row::default()
    }
}

fn free() -> wire::Row {
    wire::Row {
        bands: vec![wire::Band::default()],
        ..wire::Row::default()
    }
}
