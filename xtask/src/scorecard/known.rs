//! The tests there are.

use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process;

/// Every test's name, with its modules.
pub(super) fn list(mut nextest: Command) -> Result<Vec<String>> {
    nextest.args(["list", "--workspace", "--message-format", "json"]);
    nextest.args(["--run-ignored", "all"]);
    let listed: Value = serde_json::from_str(&process::output(&mut nextest)?)?;
    let suites = listed["rust-suites"]
        .as_object()
        .context("nextest lists no suites")?;
    let cases = suites
        .values()
        .filter_map(|suite| suite["testcases"].as_object());
    Ok(cases.flat_map(|cases| cases.keys().cloned()).collect())
}
