//! `cargo xtask check`: everything that can be judged without running Keypurse.

use std::process::Command;

use anyhow::{Result, ensure};

use crate::install::cargo_tools::{self, DENY, MACHETE};
use crate::{compatibility, process, tidy, workspace};

/// Runs every check, later ones too when an earlier one fails.
pub(crate) fn run() -> Result<()> {
    cargo_tools::ensure(&[DENY, MACHETE])?;
    let outcomes = [
        ("tidy", tidy::run()),
        ("compatibility", compatibility::check()),
        ("format", process::run(&mut format())),
        ("clippy", process::run(&mut clippy())),
        ("docs", process::run(&mut docs())),
        ("dependency policy", process::run(&mut deny())),
        ("unused dependencies", process::run(&mut tool(&MACHETE))),
    ];
    let mut failed = Vec::new();
    for (name, outcome) in outcomes {
        if let Err(error) = outcome {
            eprintln!("check {name}: {error:#}");
            failed.push(name);
        }
    }
    ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    Ok(())
}

fn format() -> Command {
    let mut command = workspace::cargo();
    command.args(["fmt", "--all", "--check"]);
    command
}

fn clippy() -> Command {
    let mut command = workspace::cargo();
    command.args(["clippy", "--quiet", "--workspace", "--all-targets"]);
    command.args(["--", "--deny", "warnings"]);
    command
}

fn docs() -> Command {
    let mut command = workspace::cargo();
    command.args([
        "doc",
        "--quiet",
        "--workspace",
        "--no-deps",
        "--document-private-items",
    ]);
    command.env("RUSTDOCFLAGS", "-Dwarnings");
    command
}

/// Without `advisories`: that database is fetched from outside the registries,
/// which not every machine that builds this can reach.
fn deny() -> Command {
    let mut command = tool(&DENY);
    command.args([
        "--log-level",
        "error",
        "check",
        "bans",
        "licenses",
        "sources",
    ]);
    command
}

fn tool(tool: &cargo_tools::Tool) -> Command {
    let mut command = Command::new(tool.path());
    command.current_dir(workspace::root());
    command
}
