//! The Node SDKs, beside their suite: Node looks for packages next to the script.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::{process, workspace};

/// Where the suite and its `package.json` are.
pub(crate) fn suite_dir() -> PathBuf {
    workspace::root().join("tests/sdk/node")
}

/// Installs what the suite's `package.json` pins.
pub(crate) fn ensure() -> Result<()> {
    let wanted = fs::read_to_string(suite_dir().join("package.json"))?;
    let installed = suite_dir().join("node_modules/.installed-package.json");
    if fs::read_to_string(&installed).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    super::announce(
        "the Node SDKs into tests/sdk/node/node_modules",
        "npm",
        "for their suite",
    );
    let mut npm = Command::new("npm");
    npm.args([
        "install",
        "--silent",
        "--no-package-lock",
        "--no-audit",
        "--no-fund",
    ]);
    process::run(npm.current_dir(suite_dir()))?;
    fs::write(installed, wanted)?;
    Ok(())
}
