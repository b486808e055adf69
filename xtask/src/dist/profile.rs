//! What the code does how often, in the file the compiler reads.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{host, told_by_rustc};
use crate::install::debian;
use crate::{process, workspace};

/// The file.
pub(super) fn file() -> PathBuf {
    workspace::target().join("calls.profdata")
}

/// Where processes put what they counted.
pub(super) fn counts() -> PathBuf {
    workspace::target().join("counting/counts")
}

/// Makes the file from what `run` has processes count.
pub(super) fn count(run: impl FnOnce() -> Result<()>) -> Result<()> {
    let merging = tool()?;
    let counts = counts();
    if counts.exists() {
        fs::remove_dir_all(&counts)?;
    }
    run()?;
    let counted = fs::read_dir(&counts).context("nothing was counted")?;
    let counted = counted.map(|entry| Ok(entry?.path()));
    let counted: Vec<PathBuf> = counted.collect::<Result<_>>()?;
    ensure!(!counted.is_empty(), "nothing was counted");
    let mut merge = Command::new(merging);
    merge.args(["merge", "-o"]).arg(file()).args(counted);
    process::run(&mut merge)
}

/// `llvm-profdata` of the compiler's own version: the compiler's if it is there
/// (`rustup component add llvm-tools`), else the system's, else Debian's.
fn tool() -> Result<PathBuf> {
    let sysroot = process::output(Command::new("rustc").args(["--print", "sysroot"]))?;
    let libraries = PathBuf::from(sysroot.trim()).join("lib/rustlib");
    let ours = libraries.join(host()?).join("bin/llvm-profdata");
    if ours.exists() {
        return Ok(ours);
    }
    let version = told_by_rustc("LLVM version: ")?;
    let major = version.split('.').next().unwrap_or_default();
    let systems = PathBuf::from(format!("llvm-profdata-{major}"));
    if !process::succeeds(Command::new(&systems).arg("--version")) {
        let purpose = "tells the compiler what is often done";
        debian::install(&format!("llvm-{major}"), purpose)?;
    }
    Ok(systems)
}
