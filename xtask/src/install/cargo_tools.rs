//! Cargo's companions, in `target/tools` so no other project is disturbed.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::{process, workspace};

/// One `cargo install`able program.
#[derive(Debug)]
pub(crate) struct Tool {
    name: &'static str,
    version: &'static str,
    purpose: &'static str,
}

pub(crate) const DENY: Tool = Tool {
    name: "cargo-deny",
    version: "0.20.2",
    purpose: "checks licences, sources and bans",
};
pub(crate) const MACHETE: Tool = Tool {
    name: "cargo-machete",
    version: "0.9.2",
    purpose: "finds unused dependencies",
};
pub(crate) const MUTANTS: Tool = Tool {
    name: "cargo-mutants",
    version: "27.1.0",
    purpose: "changes the rules to see whether a test notices",
};
/// Any version will do, so it is used from wherever it is.
pub(crate) const NEXTEST: Tool = Tool {
    name: "cargo-nextest",
    version: "0.9.143",
    purpose: "runs the tests",
};

impl Tool {
    /// Where we install it.
    pub(crate) fn path(&self) -> PathBuf {
        workspace::target().join("tools/bin").join(self.name)
    }

    fn is_ours(&self) -> bool {
        process::output(Command::new(self.path()).arg("--version"))
            .is_ok_and(|version| version.split_whitespace().any(|word| word == self.version))
    }
}

/// Installs those of `tools` that `target/tools` does not hold in the version
/// wanted.
pub(crate) fn ensure(tools: &[Tool]) -> Result<()> {
    let missing: Vec<_> = tools.iter().filter(|tool| !tool.is_ours()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut command = workspace::cargo();
    command
        .args(["install", "--quiet", "--locked", "--root"])
        .arg(workspace::target().join("tools"));
    for tool in &missing {
        super::announce(
            &format!("{} {}", tool.name, tool.version),
            "cargo install",
            tool.purpose,
        );
        command.arg(format!("{}@{}", tool.name, tool.version));
    }
    // These run once on a small tree: building them fast beats fast binaries.
    command.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1");
    command.env("CARGO_PROFILE_RELEASE_LTO", "off");
    command.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    process::run(&mut command)
}

/// The nextest to run: the machine's own, else ours.
pub(crate) fn nextest() -> Result<PathBuf> {
    if process::succeeds(Command::new(NEXTEST.name).arg("--version")) {
        return Ok(NEXTEST.name.into());
    }
    ensure(&[NEXTEST])?;
    Ok(NEXTEST.path())
}
