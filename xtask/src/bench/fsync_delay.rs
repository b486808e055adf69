//! A disk that takes a millisecond for what this machine's may do in
//! microseconds, by a library loaded before any other.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::{process, workspace};

const DELAY_US: &str = "1000";
const NAME: &str = "libfsync_delay.so";

/// Builds the library into `folder`, where whoever loads it can read it.
pub(super) fn build(folder: &Path) -> Result<PathBuf> {
    let library = folder.join(NAME);
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o"]);
    compiler.arg(&library);
    compiler.arg(workspace::root().join("benches/fsync_delay.c"));
    process::run(&mut compiler)?;
    Ok(library)
}

/// What delays every `fsync` and `fdatasync` of a process.
pub(super) fn environment(library: &Path) -> [(&'static str, OsString); 2] {
    [
        ("LD_PRELOAD", library.into()),
        ("FSYNC_DELAY_US", DELAY_US.into()),
    ]
}

/// A disk as it is, or one that keeps its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disk {
    AsIs,
    Delayed,
}

impl Disk {
    pub(super) const BOTH: [Self; 2] = [Self::AsIs, Self::Delayed];

    pub(super) fn environment(self, library: &Path) -> Vec<(&'static str, OsString)> {
        match self {
            Self::AsIs => Vec::new(),
            Self::Delayed => environment(library).into(),
        }
    }
}

impl std::fmt::Display for Disk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::AsIs => "as it is",
            Self::Delayed => "+1 ms",
        })
    }
}
