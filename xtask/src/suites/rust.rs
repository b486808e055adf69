//! The workspace's own tests.

use std::process::Command;

use anyhow::Result;

use super::Suite;
use crate::install::cargo_tools;
use crate::{process, workspace};

pub(super) const TESTS: Suite = Suite {
    name: "tests",
    run: tests,
};
pub(super) const DOC_TESTS: Suite = Suite {
    name: "doc-tests",
    run: doc_tests,
};

fn tests() -> Result<()> {
    let mut nextest = Command::new(cargo_tools::nextest()?);
    nextest
        .current_dir(workspace::root())
        .args(["nextest", "run", "--workspace"]);
    // A changed snapshot is a failure to look at, never a file to find later.
    process::run(nextest.env("INSTA_UPDATE", "no"))
}

fn doc_tests() -> Result<()> {
    process::run(workspace::cargo().args(["test", "--doc", "--workspace", "--quiet"]))
}
