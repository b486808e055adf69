//! What a refresh changes, so that a person can judge it.

use std::collections::BTreeMap;
use std::fmt;

use keypurse_core::money::Money;
use keypurse_providers::catalogue::wire;

/// Lines shown of each kind; the rest are counted.
const SHOWN: usize = 40;
/// A price that moves further is a mistake until a person says otherwise.
const TENFOLD: i64 = 10;

#[derive(Debug, Default)]
pub(super) struct Difference {
    pub(super) added: Vec<String>,
    pub(super) removed: Vec<String>,
    pub(super) changed: Vec<String>,
    /// Those of `changed` that moved more than tenfold.
    pub(super) suspicious: Vec<String>,
}

type Models<'a> = BTreeMap<String, &'a wire::Model>;

pub(super) fn between(before: &wire::File, after: &wire::File) -> Difference {
    let (before, after) = (models(before), models(after));
    let mut difference = Difference::default();
    let only = |these: &Models, others: &Models| {
        these
            .keys()
            .filter(|name| !others.contains_key(*name))
            .cloned()
            .collect()
    };
    difference.added = only(&after, &before);
    difference.removed = only(&before, &after);
    for (name, new) in &after {
        if let Some(old) = before.get(name) {
            difference.compare(name, old, new);
        }
    }
    difference
}

fn models(file: &wire::File) -> Models<'_> {
    let all = file.providers.iter().flat_map(|provider| {
        provider
            .models
            .iter()
            .map(|model| (format!("{}/{}", provider.id, model.id), model))
    });
    all.collect()
}

impl Difference {
    fn compare(&mut self, name: &str, old: &wire::Model, new: &wire::Model) {
        for row in &new.prices {
            let same_time = |old: &&wire::Row| old.from == row.from && old.daily == row.daily;
            // A new date is compared with what applied until then.
            let counterpart = old.prices.iter().find(same_time).or(old.prices.last());
            if let Some(counterpart) = counterpart.filter(|old| *old != row) {
                self.compare_rows(name, counterpart, row);
            }
        }
        if old.prices.len() > new.prices.len() {
            self.changed
                .push(format!("{name}: fewer prices than before"));
        }
    }

    fn compare_rows(&mut self, name: &str, old: &wire::Row, new: &wire::Row) {
        if old.unpriced != new.unpriced {
            let told = |row: &wire::Row| row.unpriced.clone().unwrap_or("priced".to_owned());
            self.changed
                .push(format!("{name}: {} → {}", told(old), told(new)));
        }
        self.compare_bands(name, &old.bands, &new.bands);
        for (tier, bands) in &new.tiers {
            let before = old.tiers.get(tier).unwrap_or(&old.bands);
            self.compare_bands(&format!("{name} {tier}"), before, bands);
        }
    }

    fn compare_bands(&mut self, name: &str, old: &[wire::Band], new: &[wire::Band]) {
        for (index, band) in new.iter().enumerate() {
            let Some(before) = old.get(index).or(old.last()) else {
                continue;
            };
            for ((class, old), (_, new)) in classes(before).into_iter().zip(classes(band)) {
                self.compare_rates(&format!("{name} above {} {class}", band.above), old, new);
            }
        }
    }

    fn compare_rates(&mut self, what: &str, old: Option<Money>, new: Option<Money>) {
        if old == new {
            return;
        }
        let told = |rate: Option<Money>| rate.map_or("none".to_owned(), |rate| rate.to_string());
        let line = format!("{what}: {} → {}", told(old), told(new));
        if let (Some(old), Some(new)) = (old, new) {
            let (least, most) = (old.min(new).nanos(), old.max(new).nanos());
            if i128::from(most) > i128::from(least) * i128::from(TENFOLD) {
                self.suspicious.push(line.clone());
            }
        }
        self.changed.push(line);
    }
}

fn classes(band: &wire::Band) -> [(&'static str, Option<Money>); 14] {
    [
        ("input", Some(band.input)),
        ("cached_input", band.cached_input),
        ("cache_write", band.cache_write),
        ("input_audio", band.input_audio),
        ("output", Some(band.output)),
        ("reasoning", band.reasoning),
        ("output_audio", band.output_audio),
        ("cached_audio", band.cached_audio),
        ("cache_write_long", band.cache_write_long),
        ("input_image", band.input_image),
        ("output_image", band.output_image),
        ("request", band.request),
        ("characters", band.characters),
        ("input_hour", band.input_hour),
    ]
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, lines) in [
            ("added", &self.added),
            ("removed", &self.removed),
            ("price changed", &self.changed),
            ("moved more than tenfold", &self.suspicious),
        ] {
            writeln!(f, "{kind}: {}", lines.len())?;
            for line in lines.iter().take(SHOWN) {
                writeln!(f, "  {line}")?;
            }
            if let Some(more) = lines.len().checked_sub(SHOWN + 1) {
                writeln!(f, "  … and {} more", more + 1)?;
            }
        }
        Ok(())
    }
}
