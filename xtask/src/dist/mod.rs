//! `cargo xtask dist`: the program as it is shipped.
//!
//! It is built twice. The first build counts what its code does under the
//! bench's loads; the second keeps together what is often done, and makes the
//! rest small (profile-guided optimisation). See docs/adr/0010.

mod profile;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::{bench, process, workspace};

/// How to build it.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Count anew what is often done, after a change that moved it
    #[arg(long)]
    anew: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    if options.anew && profile::file().exists() {
        fs::remove_file(profile::file())?;
    }
    println!("{}", binary("keypurse", "keypurse")?.display());
    Ok(())
}

/// Builds `binary` of `package` as it is shipped, and answers where it is. What
/// is often done is counted first, unless that is known.
pub(crate) fn binary(package: &str, binary: &str) -> Result<PathBuf> {
    let profile = profile::file();
    if !profile.exists() {
        profile::count(bench::train)?;
    }
    // Code that is newer than the counts is built without them.
    let use_it = format!(
        "-Cprofile-use={} -Cllvm-args=-pgo-warn-missing-function=false \
         -Cllvm-args=-no-pgo-warn-mismatch",
        profile.display()
    );
    build("trained", &use_it, package, binary)
}

/// Builds it so that it counts what it does.
pub(crate) fn counting_binary(package: &str, binary: &str) -> Result<PathBuf> {
    let count = format!("-Cprofile-generate={}", profile::counts().display());
    build("counting", &count, package, binary)
}

/// In a folder of its own: other flags make every dependency another.
fn build(folder: &str, flags: &str, package: &str, binary: &str) -> Result<PathBuf> {
    let (folder, host) = (workspace::target().join(folder), host()?);
    let mut build = workspace::cargo();
    build
        .env("CARGO_TARGET_DIR", &folder)
        .env("RUSTFLAGS", flags);
    // Named, so that what runs while building is built without the flags.
    build.args(["build", "--profile", "dist", "--target", &host]);
    process::run(build.args(["--package", package, "--bin", binary]))?;
    Ok(folder.join(host).join("dist").join(binary))
}

/// The machine's own target.
fn host() -> Result<String> {
    told_by_rustc("host: ")
}

/// What stands behind `name` in what the compiler says of itself.
fn told_by_rustc(name: &str) -> Result<String> {
    let told = process::output(Command::new("rustc").arg("-vV"))?;
    let line = told.lines().find_map(|line| line.strip_prefix(name));
    let value = line.with_context(|| format!("rustc -vV says no `{name}`"))?;
    Ok(value.to_owned())
}
