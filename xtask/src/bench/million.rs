//! A data directory of a million tokens, made once and kept.
//!
//! It is filled through the store, and a few thousand of the tokens, spread
//! over it, through the gateway: those have secrets that we know.

use std::collections::hash_map::DefaultHasher;
use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::stage::{self, Stage};
use crate::{process, workspace};

/// Beside those with known secrets.
pub(super) const TOKENS: u64 = 1_000_000;
/// Tokens whose secrets we know.
pub(super) const KEYS: usize = 2_000;
const STEPS: usize = 10;

const DATA: &str = "data";
const SECRETS: &str = "secrets";

/// Where it is kept.
#[derive(Debug)]
pub(super) struct Million {
    folder: PathBuf,
}

impl Million {
    /// Makes it if this schema has none yet, which takes minutes.
    pub(super) fn find_or_make(stage: &Stage) -> Result<Self> {
        let folder = stage::kept()?.join(format!("million-{:016x}", schema()?));
        if !folder.exists() {
            let partial = folder.with_extension("partial");
            if partial.exists() {
                fs::remove_dir_all(&partial)?;
            }
            make(stage, &partial)?;
            fs::rename(&partial, &folder)?;
        }
        Ok(Self { folder })
    }

    /// A data directory that may be changed.
    pub(super) fn copy(&self, to: &Path) -> Result<()> {
        let mut copy = Command::new("cp");
        copy.arg("-r").arg(self.folder.join(DATA)).arg(to);
        process::run(&mut copy)
    }

    /// A line for each known secret, in random order.
    pub(super) fn secrets(&self) -> PathBuf {
        self.folder.join(SECRETS)
    }
}

/// What a kept directory must have been made for.
fn schema() -> Result<u64> {
    let folder = workspace::root().join("crates/keypurse-store-sqlite/migrations");
    let mut files: Vec<_> = fs::read_dir(folder)?
        .map(|file| file.map(|file| file.path()))
        .collect::<Result<_, _>>()?;
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        fs::read(file)?.hash(&mut hasher);
    }
    (TOKENS, KEYS, STEPS).hash(&mut hasher);
    Ok(hasher.finish())
}

fn make(stage: &Stage, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    let ledger = workspace::optimised_binary("keypurse-bench", "bench-ledger")?;
    let data_dir = folder.join(DATA);
    let mut secrets = File::create(folder.join("in-order"))?;
    let tokens = TOKENS / STEPS as u64;
    for step in 0..STEPS {
        let server = stage.keypurse(&data_dir, &[])?;
        for number in 0..KEYS / STEPS {
            let name = format!("known-{step}-{number}");
            writeln!(secrets, "{}", stage::new_token(&server, &name)?)?;
        }
        server.stop()?;
        fill(&ledger, &data_dir, step as u64 * tokens, tokens)?;
    }
    let mut shuffle = Command::new("shuf");
    shuffle.arg(folder.join("in-order"));
    shuffle.arg("--output").arg(folder.join(SECRETS));
    process::run(&mut shuffle)
}

fn fill(ledger: &Path, data_dir: &Path, first: u64, tokens: u64) -> Result<()> {
    let mut fill = Command::new(ledger);
    fill.arg("--file").arg(data_dir.join("keypurse.db"));
    fill.args(["fill", "--first", &first.to_string()]);
    fill.args(["--tokens", &tokens.to_string()]);
    process::run(&mut fill)
}
