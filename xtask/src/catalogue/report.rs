//! What an import carried over and what it left out, in numbers.

use std::collections::BTreeMap;
use std::fmt;

use keypurse_providers::catalogue::{Mode, wire};

use super::limits::Found;
use super::source::Model;

#[derive(Default)]
pub(super) struct Report {
    pub(super) providers: usize,
    /// Aliases that became models of their own.
    pub(super) split: usize,
    /// Numbers with more than nine decimals.
    pub(super) rounded: usize,
    models: usize,
    priced: usize,
    free: usize,
    scheduled: usize,
    tiered: usize,
    deprecated: usize,
    variants: usize,
    own_limits: usize,
    makers_limits: usize,
    context_only: usize,
    no_output_limit: usize,
    guessed_modes: usize,
    modes: BTreeMap<&'static str, usize>,
    /// By the reason why the newest price cannot be expressed.
    unpriced: BTreeMap<String, usize>,
}

impl Report {
    pub(super) fn count(&mut self, source: &Model, mode: Mode, rows: &[wire::Row], found: &Found) {
        self.models += 1;
        self.deprecated += usize::from(source.deprecated);
        self.variants += source.price_variants.len();
        self.scheduled += usize::from(rows.len() > 1);
        self.tiered += usize::from(rows.iter().any(|row| row.bands.len() > 1));
        *self.modes.entry(mode.as_str()).or_default() += 1;
        match rows.last().and_then(|row| row.unpriced.clone()) {
            Some(reason) => *self.unpriced.entry(reason).or_default() += 1,
            None => self.priced += 1,
        }
        self.free += usize::from(rows.last().is_some_and(is_free));
        self.count_limits(source, found);
    }

    fn count_limits(&mut self, source: &Model, found: &Found) {
        let limit = found.limit.as_ref();
        match (limit, found.from_maker) {
            (Some(_), false) => self.own_limits += 1,
            (Some(_), true) => self.makers_limits += 1,
            (None, _) => self.context_only += usize::from(source.context_window.is_some()),
        }
        self.guessed_modes += usize::from(limit.is_none_or(|limit| limit.mode.is_none()));
        let unlimited = limit.is_none_or(|limit| limit.max_output_tokens.is_none());
        self.no_output_limit += usize::from(unlimited);
    }
}

fn is_free(row: &wire::Row) -> bool {
    !row.bands.is_empty()
        && row.bands.iter().all(|band| {
            *band
                == wire::Band {
                    above: band.above,
                    ..wire::Band::default()
                }
        })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} models of {} providers", self.models, self.providers)?;
        writeln!(f, "  priced {}, of these free {}", self.priced, self.free)?;
        for (reason, count) in &self.unpriced {
            writeln!(f, "  unpriced {count}: {reason}")?;
        }
        writeln!(
            f,
            "  prices by time {}, by length of input {}",
            self.scheduled, self.tiered
        )?;
        writeln!(f, "  numbers rounded to nine decimals {}", self.rounded)?;
        writeln!(
            f,
            "  aliases that became models of their own {}",
            self.split
        )?;
        writeln!(
            f,
            "  not carried: {} price variants (service tier, batch, …)",
            self.variants
        )?;
        writeln!(f, "  not told apart: {} deprecated models", self.deprecated)?;
        writeln!(
            f,
            "  limits: own {}, their maker's {}, context window alone {}, no output limit {}",
            self.own_limits, self.makers_limits, self.context_only, self.no_output_limit
        )?;
        write!(f, "  modes ({} told by name alone):", self.guessed_modes)?;
        for (mode, count) in &self.modes {
            write!(f, " {mode} {count}")?;
        }
        writeln!(f)
    }
}
