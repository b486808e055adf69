//! The suites of CI, in the order they run, and the slow ones. A suite is a
//! name and a function; add one by writing its module and its line in `ALL` or
//! `SLOW`.

mod dashboard;
mod fuzz;
mod model;
mod mutants;
mod runner;
mod rust;
mod schemathesis;
mod sdk;
mod slow;
mod traces;
mod translators;

use anyhow::{Context as _, Result};

pub(crate) use runner::{Options, run};

use crate::check;

/// One thing that passes or fails.
#[derive(Debug)]
struct Suite {
    name: &'static str,
    run: fn() -> Result<()>,
}

const ALL: &[Suite] = &[
    Suite {
        name: "check",
        run: check::run,
    },
    rust::TESTS,
    rust::DOC_TESTS,
    sdk::PYTHON,
    sdk::NODE,
    schemathesis::SUITE,
    translators::SUITE,
    dashboard::SUITE,
];

/// Suites that take too long for every change: they run when they are named.
const SLOW: &[Suite] = &[
    slow::SUITE,
    model::SLOW,
    mutants::SUITE,
    fuzz::SUITE,
    traces::SUITE,
];

/// Runs the suite of this name.
pub(crate) fn run_one(name: &str) -> Result<()> {
    let mut all = ALL.iter().chain(SLOW);
    let suite = all.find(|suite| suite.name == name);
    (suite
        .with_context(|| format!("there is no suite `{name}`"))?
        .run)()
}
