//! Builds with OpenTelemetry, which few people need and nobody else should have
//! to build. Runs only when it is named.

use std::process::Command;

use anyhow::Result;

use super::Suite;
use crate::install::cargo_tools;
use crate::{process, workspace};

pub(super) const SUITE: Suite = Suite {
    name: "traces",
    run,
};

fn run() -> Result<()> {
    process::run(workspace::cargo().args([
        "clippy",
        "--package",
        "keypurse",
        "--features",
        "otel",
        "--all-targets",
        "--quiet",
        "--",
        "--deny",
        "warnings",
    ]))?;
    let mut nextest = Command::new(cargo_tools::nextest()?);
    nextest.current_dir(workspace::root());
    nextest.args([
        "nextest",
        "run",
        "--package",
        "keypurse",
        "--package",
        "keypurse-server",
    ]);
    nextest.args(["--features", "keypurse/otel", "--filterset", "test(traces)"]);
    process::run(&mut nextest)
}
