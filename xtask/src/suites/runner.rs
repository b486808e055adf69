//! Runs the suites and counts them.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, ensure};

use super::{ALL, SLOW, Suite};
use crate::install::{cargo_tools, debian, node, python};

/// Which suites to run.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only these suites, by name; all but the slow ones when none is named
    suites: Vec<String>,
}

/// Runs the suites, all of them even when one fails, and ends with one line of
/// counts.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let chosen = choose(&options.suites)?;
    debian::ensure(debian::FOR_TESTS)?;
    cargo_tools::nextest()?;
    python::ensure()?;
    node::SDKS.ensure()?;
    let failed = chosen.iter().filter(|suite| !passes(suite)).count();
    println!("{} passed, {failed} failed", chosen.len() - failed);
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn choose(names: &[String]) -> Result<Vec<&'static Suite>> {
    if names.is_empty() {
        return Ok(ALL.iter().collect());
    }
    let suites = || ALL.iter().chain(SLOW);
    let known: Vec<_> = suites().map(|suite| suite.name).collect();
    for name in names {
        ensure!(
            known.contains(&name.as_str()),
            "no suite `{name}`; there are: {}",
            known.join(", ")
        );
    }
    let wanted = |suite: &&Suite| names.iter().any(|name| name == suite.name);
    Ok(suites().filter(wanted).collect())
}

fn passes(suite: &Suite) -> bool {
    let started = Instant::now();
    let outcome = (suite.run)();
    let seconds = started.elapsed().as_secs();
    match &outcome {
        Ok(()) => println!("suite {}: passed in {seconds} s", suite.name),
        Err(error) => println!("suite {}: FAILED after {seconds} s: {error:#}", suite.name),
    }
    outcome.is_ok()
}
