//! The long halves of tests whose short halves CI runs: hundreds of kills,
//! dozens of seeds. Runs only when it is named.

use std::process::Command;

use anyhow::Result;

use super::Suite;
use crate::install::cargo_tools;
use crate::{process, workspace};

pub(super) const SUITE: Suite = Suite { name: "slow", run };

/// How much of what, by the variables the tests read. A run can ask for
/// something else by setting them.
const LONG: &[(&str, &str)] = &[
    ("KEYPURSE_KILLS", "400"),
    ("KEYPURSE_ROUNDS", "50"),
    ("KEYPURSE_OPEN_HOLDS", "100000"),
];
/// Tests that read one of them, and the long halves that CI ignores.
const TESTS: &str = "test(oracle::) | test(r1_a_start_resolves_every_open_hold) \
                     | test(io_error::every_one_of) | test(corruption::thousands_of)";

fn run() -> Result<()> {
    let mut nextest = Command::new(cargo_tools::nextest()?);
    nextest.current_dir(workspace::root());
    nextest.args(["nextest", "run", "--profile", "slow"]);
    nextest.args([
        "--package",
        "keypurse",
        "--package",
        "keypurse-store-sqlite",
    ]);
    nextest.args(["--run-ignored", "all", "--filterset", TESTS]);
    for (variable, value) in LONG {
        if std::env::var_os(variable).is_none() {
            nextest.env(variable, value);
        }
    }
    process::run(&mut nextest)
}
