//! Writes the page, or says that it is not what the suites promise.

use std::fs;
use std::path::PathBuf;

use anyhow::{Result, ensure};

use super::page::page;
use super::promise::{self, Language};
use crate::workspace;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Write the page; else only compare it
    #[arg(long)]
    write: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    if options.write {
        fs::write(path(), wanted()?)?;
    }
    check()
}

/// Fails unless the page is what the suites promise. Runs none of them.
pub(crate) fn check() -> Result<()> {
    let wanted = wanted()?;
    ensure!(
        fs::read_to_string(path()).is_ok_and(|found| found == wanted),
        "docs/compatibility.md is not what tests/sdk promises; run `cargo xtask compatibility --write`"
    );
    Ok(())
}

fn wanted() -> Result<String> {
    let mut promises = promise::all(Language::Python)?;
    promises.extend(promise::all(Language::Node)?);
    Ok(page(&promises))
}

fn path() -> PathBuf {
    workspace::root().join("docs/compatibility.md")
}
