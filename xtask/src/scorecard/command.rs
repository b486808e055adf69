//! Chooses rows, runs what each relies on once, and prints a line for each.

use std::collections::BTreeMap;
use std::process::{Command, ExitCode};

use anyhow::{Result, ensure};

use super::report::{self, Line, Verdict};
use super::rows::{Evidence, ROWS, Row, Test};
use super::run::{self, Outcome};
use super::{audit, edge, known};
use crate::install::{cargo_tools, debian};
use crate::{suites, workspace};

/// How much of what a long run does, by the variables the tests read. A run
/// can ask for something else by setting them.
const LONG: &[(&str, &str)] = &[
    ("KEYPURSE_KILLS", "400"),
    ("KEYPURSE_ROUNDS", "50"),
    ("KEYPURSE_OPEN_HOLDS", "100000"),
    ("PROPTEST_CASES", "10000"),
];
const AUDITED_CALLS: u64 = 1_000_000;
const AUDITED_IN_SHORT: u64 = 50_000;

/// Which rows, and how long.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only these rows, as `R-1`; all of them when none is named
    rows: Vec<String>,
    /// What CI runs: fewer kills, cases and rounds, and no test that takes minutes
    #[arg(long)]
    short: bool,
    /// Run nothing: say which tests guard which row, and what is missing
    #[arg(long)]
    list: bool,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let chosen = choose(&options.rows)?;
    debian::ensure(debian::FOR_TESTS)?;
    let mut card = Card {
        known: known::list(nextest(true)?)?,
        outcomes: BTreeMap::new(),
        options,
    };
    println!("row, result, measured, threshold");
    let mut all_hold = true;
    for row in chosen {
        let line = card.judge(row)?;
        all_hold &= line.verdict.is_good();
        println!("{line}");
    }
    Ok(if all_hold {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn choose(ids: &[String]) -> Result<Vec<&'static Row>> {
    for id in ids {
        ensure!(
            all().any(|row| row.id == id),
            "no row `{id}`; there are: {}",
            all().map(|row| row.id).collect::<Vec<_>>().join(", ")
        );
    }
    let wanted = |row: &&Row| ids.is_empty() || ids.iter().any(|id| id == row.id);
    Ok(all().filter(wanted).collect())
}

fn all() -> impl Iterator<Item = &'static Row> {
    ROWS.iter().chain(edge::ROWS)
}

/// Nextest, asked for a short or a long run.
fn nextest(short: bool) -> Result<Command> {
    let mut nextest = Command::new(cargo_tools::nextest()?);
    nextest.current_dir(workspace::root());
    nextest.arg("nextest").env("INSTA_UPDATE", "no");
    let unset = |(variable, _): &&(&str, &str)| std::env::var_os(variable).is_none();
    nextest.envs(LONG.iter().filter(|_| !short).filter(unset).copied());
    Ok(nextest)
}

/// What is known so far: several rows may rely on one test.
struct Card<'a> {
    known: Vec<String>,
    outcomes: BTreeMap<String, Outcome>,
    options: &'a Options,
}

impl Card<'_> {
    fn judge(&mut self, row: &'static Row) -> Result<Line> {
        let (verdict, measured) = match row.evidence {
            Evidence::Later(what) => (Verdict::Later, format!("waits for {what}")),
            Evidence::Audit => self.audit()?,
            Evidence::Suite(name) => self.suite(name),
            Evidence::Tests(tests) => self.tests(tests)?,
        };
        Ok(Line {
            row,
            verdict,
            measured,
        })
    }

    fn audit(&self) -> Result<(Verdict, String)> {
        if self.options.list {
            return Ok((Verdict::NotRun, "keypurse audit".to_owned()));
        }
        let calls = if self.options.short {
            AUDITED_IN_SHORT
        } else {
            AUDITED_CALLS
        };
        let (holds, measured) = audit::measure(calls)?;
        Ok((Verdict::of(holds), measured))
    }

    fn suite(&self, name: &'static str) -> (Verdict, String) {
        let said = format!("suite {name}");
        if self.options.list {
            return (Verdict::NotRun, said);
        }
        match suites::run_one(name) {
            Ok(()) => (Verdict::Pass, format!("{said} passed")),
            Err(error) => (Verdict::Fail, format!("{said}: {error:#}")),
        }
    }

    fn tests(&mut self, tests: &[Test]) -> Result<(Verdict, String)> {
        let is_asked = |test: &&Test| !(test.is_long && self.options.short);
        let tests: Vec<_> = tests.iter().filter(is_asked).collect();
        let missing: Vec<_> = tests
            .iter()
            .filter(|test| self.full_names(test).is_empty())
            .map(|test| format!("no test `{}`", test.name))
            .collect();
        if !missing.is_empty() {
            return Ok((Verdict::Missing, missing.join(" · ")));
        }
        let names: Vec<_> = tests
            .iter()
            .flat_map(|test| self.full_names(test))
            .collect();
        if self.options.list {
            return Ok((Verdict::NotRun, names.join(" · ")));
        }
        self.run_new(&names)?;
        let found = tests.iter().map(|test| {
            let outcomes = self.full_names(test).into_iter();
            (
                **test,
                outcomes.map(|name| self.outcomes.get(&name)).collect(),
            )
        });
        Ok(report::judge(&found.collect::<Vec<_>>()))
    }

    fn run_new(&mut self, names: &[String]) -> Result<()> {
        let is_new = |name: &&String| !self.outcomes.contains_key(*name);
        let new: Vec<_> = names.iter().filter(is_new).cloned().collect();
        if !new.is_empty() {
            for outcome in run::run(nextest(self.options.short)?, &new)? {
                // Two crates may have a test of one name: both must pass.
                let name = outcome.name.clone();
                let seen = self.outcomes.remove(&name);
                let both = seen.map_or_else(|| outcome.clone(), |seen| seen.and(&outcome));
                self.outcomes.insert(name, both);
            }
        }
        Ok(())
    }

    /// The tests a row means by this.
    fn full_names(&self, test: &Test) -> Vec<String> {
        let function = |name: &str| name.rsplit("::").next().unwrap_or_default().to_owned();
        let is_meant = |name: &&String| function(name).contains(test.name);
        self.known.iter().filter(is_meant).cloned().collect()
    }
}
