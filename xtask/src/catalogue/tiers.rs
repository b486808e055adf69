//! Prices of tiers of service, from the source's variants.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};
use keypurse_core::usage::ServiceTier;
use keypurse_providers::catalogue::{Mode, wire};

use super::prices;
use super::report::Report;
use super::source::Variant;

/// The source's word for a tier that is another one under a newer name.
const RENAMED: (&str, &str) = ("fast", "priority");

/// One tier from a day on; `None`: always.
struct Tier<'a> {
    name: &'a str,
    from: Option<&'a str>,
    bands: Vec<wire::Band>,
}

/// The rows, each with the tiers that have a price while it applies. A tier
/// that begins later than a row splits it.
pub(super) fn add(
    rows: Vec<wire::Row>,
    variants: &[Variant],
    mode: Mode,
    report: &mut Report,
) -> Result<Vec<wire::Row>> {
    let tiers = read(variants, mode, report)?;
    if tiers.is_empty() {
        return Ok(rows);
    }
    ensure!(
        rows.iter().all(|row| row.daily.is_none()),
        "a tier of a price by time of day is new"
    );
    let starts = rows.iter().map(|row| row.from.as_deref());
    let starts: BTreeSet<_> = starts.chain(tiers.iter().map(|tier| tier.from)).collect();
    let mut added = Vec::with_capacity(starts.len());
    for start in starts {
        let applies = |row: &&wire::Row| row.from.as_deref() <= start;
        let Some(row) = rows.iter().rfind(applies) else {
            continue;
        };
        added.push(wire::Row {
            from: start.map(str::to_owned),
            tiers: if row.unpriced.is_some() {
                BTreeMap::new()
            } else {
                tiers_at(&tiers, start)
            },
            ..row.clone()
        });
    }
    Ok(added)
}

fn read<'a>(variants: &'a [Variant<'a>], mode: Mode, report: &mut Report) -> Result<Vec<Tier<'a>>> {
    let mut tiers: Vec<Tier> = Vec::new();
    for variant in variants {
        let (1, Some(name)) = (variant.when.len(), variant.when.get("service_tier")) else {
            continue;
        };
        let name = if *name == RENAMED.0 { RENAMED.1 } else { *name };
        let is_known = ServiceTier::parse(name).is_some_and(|tier| tier != ServiceTier::Standard);
        let unpriced = prices::beside(&variant.prices, mode, &mut BTreeSet::new())?;
        if !is_known || unpriced.is_some() {
            continue;
        }
        ensure!(
            variant.constraint.start_time.is_none(),
            "a tier by time of day is new"
        );
        let from = variant.constraint.start_date;
        let bands = prices::bands(&variant.prices, report)?;
        let same = |tier: &&Tier| tier.name == name && tier.from == from;
        match tiers.iter().find(same) {
            Some(known) => ensure!(known.bands == bands, "two prices of tier {name}"),
            None => tiers.push(Tier { name, from, bands }),
        }
    }
    Ok(tiers)
}

/// The last price of each tier that has begun.
fn tiers_at(tiers: &[Tier], start: Option<&str>) -> BTreeMap<String, Vec<wire::Band>> {
    let mut begun: Vec<_> = tiers.iter().filter(|tier| tier.from <= start).collect();
    begun.sort_by_key(|tier| tier.from);
    let named = begun.into_iter();
    named
        .map(|tier| (tier.name.to_owned(), tier.bands.clone()))
        .collect()
}
