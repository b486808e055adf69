//! Mutation testing: every small change to the rules must fail a test.
//! `.cargo/mutants.toml` says how.

use std::process::Command;

use anyhow::Result;

use super::Suite;
use crate::install::cargo_tools::{self, MUTANTS};
use crate::{process, workspace};

pub(super) const SUITE: Suite = Suite {
    name: "mutants",
    run,
};

fn run() -> Result<()> {
    cargo_tools::ensure(&[MUTANTS])?;
    let mut mutants = Command::new(MUTANTS.path());
    mutants.current_dir(workspace::root());
    mutants.args(["mutants", "--package", "keypurse-core", "--jobs", "1"]);
    mutants.arg("--output").arg(workspace::target());
    process::run(&mut mutants)
}
