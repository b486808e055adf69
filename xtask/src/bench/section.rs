//! A part of docs/benchmarks.md that a run replaces, and what it has to hold.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{process, workspace};

const PAGE: &str = "docs/benchmarks.md";

/// What one part of the bench found.
#[derive(Debug)]
pub(super) struct Section {
    /// As the marks in the page name it.
    pub(super) name: &'static str,
    /// How it was measured.
    pub(super) how: String,
    /// A table.
    pub(super) table: String,
    pub(super) limits: Vec<Limit>,
}

/// A number and what it may be.
#[derive(Clone, Debug)]
pub(super) struct Limit {
    pub(super) what: String,
    pub(super) measured: f64,
    pub(super) bound: Bound,
    pub(super) unit: &'static str,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Limit {
    pub(super) fn at_most(what: impl Into<String>, measured: f64, most: f64) -> Self {
        Self {
            what: what.into(),
            measured,
            bound: Bound::AtMost(most),
            unit: "",
        }
    }

    pub(super) fn at_least(what: impl Into<String>, measured: f64, least: f64) -> Self {
        Self {
            bound: Bound::AtLeast(least),
            ..Self::at_most(what, measured, 0.0)
        }
    }

    pub(super) fn in_unit(self, unit: &'static str) -> Self {
        Self { unit, ..self }
    }

    pub(super) fn holds(&self) -> bool {
        match self.bound {
            Bound::AtMost(most) => self.measured <= most,
            Bound::AtLeast(least) => self.measured >= least,
        }
    }

    fn markdown(&self) -> String {
        let Self {
            what,
            measured,
            unit,
            ..
        } = self;
        let held = if self.holds() { "yes" } else { "**no**" };
        let (sign, bound) = match self.bound {
            Bound::AtMost(most) => ('≤', most),
            Bound::AtLeast(least) => ('≥', least),
        };
        format!("| {what} | {measured:.2}{unit} | {sign} {bound}{unit} | {held} |")
    }
}

impl Section {
    /// The table, then what has to hold.
    pub(super) fn markdown(&self) -> String {
        let mut lines = vec![self.table.clone(), String::new()];
        lines.push("| promise | measured | bound | holds |".to_owned());
        lines.push("|---|--:|--:|---|".to_owned());
        lines.extend(self.limits.iter().map(Limit::markdown));
        lines.join("\n")
    }

    pub(super) fn failures(&self) -> Vec<String> {
        let broken = self.limits.iter().filter(|limit| !limit.holds());
        broken.map(Limit::markdown).collect()
    }

    /// Replaces this section of the page with this run.
    pub(super) fn write(&self) -> Result<()> {
        let path = workspace::root().join(PAGE);
        let page = fs::read_to_string(&path)?;
        let date = process::output(Command::new("date").args(["-u", "+%Y-%m-%d"]))?;
        let text = format!(
            "Measured on {}, on {}.\n{}\n\n{}",
            date.trim(),
            machine()?,
            self.how,
            self.markdown()
        );
        fs::write(path, replaced(&page, self.name, &text)?)?;
        Ok(())
    }
}

/// The page with what is between this section's marks replaced.
fn replaced(page: &str, name: &str, text: &str) -> Result<String> {
    let (begin, end) = marks(name);
    let (before, rest) = page
        .split_once(&begin)
        .with_context(|| format!("{PAGE} has no `{begin}`"))?;
    let (_, after) = rest
        .split_once(&end)
        .with_context(|| format!("{PAGE} has no `{end}` after `{begin}`"))?;
    ensure!(!after.contains(&begin), "{PAGE} has `{begin}` twice");
    Ok(format!("{before}{begin}\n\n{text}\n\n{end}{after}"))
}

fn marks(name: &str) -> (String, String) {
    let begin = format!("<!-- written by `cargo xtask bench {name} --write` -->");
    (begin, format!("<!-- end of {name} -->"))
}

fn machine() -> Result<String> {
    let cpus = fs::read_to_string("/proc/cpuinfo")?;
    let model = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .unwrap_or_default();
    let model = model.trim_start_matches(['\t', ' ', ':']);
    let count = std::thread::available_parallelism()?;
    let kernel = process::output(Command::new("uname").arg("-r"))?;
    Ok(format!("{count} CPUs ({model}), Linux {}", kernel.trim()))
}

/// The middle one; of an even count the lower.
pub(super) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<_> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_replaced_between_its_marks_and_nothing_else_is() {
        let (begin, end) = marks("ledger");
        let page = format!("a\n{begin}\nold\n{end}\nb\n");
        let new = replaced(&page, "ledger", "new").unwrap();
        assert_eq!(new, format!("a\n{begin}\n\nnew\n\n{end}\nb\n"));
        assert_eq!(replaced(&new, "ledger", "new").unwrap(), new);
        assert!(replaced(&page, "scale", "new").is_err());
    }

    #[test]
    fn the_page_has_a_place_for_every_part() {
        let page = fs::read_to_string(workspace::root().join(PAGE)).unwrap();
        for part in super::super::command::Part::ALL {
            replaced(&page, part.name(), "").unwrap();
        }
    }

    #[test]
    fn a_limit_holds_up_to_its_bound() {
        let limits = [
            (Limit::at_most("a", 3.0, 3.0), true),
            (Limit::at_most("a", 3.1, 3.0), false),
            (Limit::at_least("a", 0.8, 0.8), true),
            (Limit::at_least("a", 0.79, 0.8), false),
            (Limit::at_most("a", f64::NAN, 3.0), false),
        ];
        for (limit, holds) in limits {
            assert_eq!(limit.holds(), holds, "{limit:?}");
        }
    }

    #[test]
    fn the_median_is_the_middle_round() {
        assert_eq!(
            median([30.0, 10.0, 20.0]).map(f64::to_bits),
            Some(20_f64.to_bits())
        );
        assert!(median([]).is_none());
    }
}
