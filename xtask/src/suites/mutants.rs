//! Mutation testing: every small change to the rules must fail a test.
//! `.cargo/mutants.toml` lists the changes nobody can see.

use std::process::Command;

use anyhow::Result;

use super::Suite;
use crate::install::cargo_tools::{self, MUTANTS};
use crate::{process, workspace};

pub(super) const SUITE: Suite = Suite {
    name: "mutants",
    run,
};

/// A mutant's tests either fail within seconds or never end.
const TIMEOUT_SECONDS: &str = "20";

fn run() -> Result<()> {
    cargo_tools::ensure(&[MUTANTS])?;
    let mut mutants = Command::new(MUTANTS.path());
    mutants.current_dir(workspace::root());
    mutants.args(["mutants", "--package", "keypurse-core", "--jobs", "1"]);
    mutants.args(["--minimum-test-timeout", TIMEOUT_SECONDS]);
    mutants.arg("--output").arg(workspace::target());
    // The promises are unit tests; examples in documents prove nothing more.
    mutants.args(["--", "--lib"]);
    process::run(&mut mutants)
}
