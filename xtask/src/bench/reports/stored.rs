//! The data directory, and what the store takes for reports and for sums.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use serde_json::Value;

use crate::bench::stage::{self, Stage};
use crate::{process, workspace};

pub(super) const TOKENS: u64 = 10_000;
pub(super) const CALLS: u64 = 100_000_000;
/// What the first of many tokens is called.
pub(super) const ONE: &str = "customer-000005000";
const TASKS: u64 = 64;

/// A data directory with sums of calls nobody made, and `bench-ledger`.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) data_dir: PathBuf,
    /// Of a token that calls.
    pub(super) secret: String,
    ledger: PathBuf,
    /// The same tokens, and calls that somebody makes.
    spending: PathBuf,
}

impl Stored {
    pub(super) fn make_up(stage: &Stage) -> Result<Self> {
        let ledger = workspace::optimised_binary("keypurse-bench", "bench-ledger")?;
        let data_dir = stage.scratch().join("data");
        let server = stage.keypurse(&data_dir, &[])?;
        let secret = stage::new_token(&server, "caller")?;
        server.stop()?;
        let stored = Self {
            spending: stage.scratch().join("spending.db"),
            data_dir,
            secret,
            ledger,
        };
        eprintln!("making up a year of {TOKENS} tokens");
        let mut make_up = stored.ledger(&stored.file());
        make_up.args(["make-up", "--tokens", &TOKENS.to_string()]);
        process::run(make_up.args(["--calls", &CALLS.to_string()]))?;
        let mut fill = stored.ledger(&stored.spending);
        process::run(fill.args(["fill", "--tokens", &TOKENS.to_string()]))?;
        Ok(stored)
    }

    pub(super) fn file(&self) -> PathBuf {
        self.data_dir.join("keypurse.db")
    }

    fn ledger(&self, file: &Path) -> Command {
        let mut ledger = Command::new(&self.ledger);
        ledger.arg("--file").arg(file);
        ledger
    }

    /// How long each report takes in the store.
    pub(super) fn report(&self, times: u64) -> Result<Value> {
        let mut report = self.ledger(&self.file());
        report.args(["report", "--times", &times.to_string()]);
        Ok(serde_json::from_str(&process::output(&mut report)?)?)
    }

    /// What a call costs when so many tokens call, in microseconds of CPU: the
    /// writer's work with its sums, and that of the tasks that ask.
    pub(super) fn spend(&self, tokens: u64, seconds: u64) -> Result<f64> {
        let mut spend = self.ledger(&self.spending);
        spend.args(["spend", "--of", &TOKENS.to_string()]);
        spend.args([
            "--tokens",
            &tokens.to_string(),
            "--tasks",
            &TASKS.to_string(),
        ]);
        spend.args(["--seconds", &seconds.to_string()]);
        let spent: Value = serde_json::from_str(&process::output(&mut spend)?)?;
        let number = |name: &str| spent[name].as_f64().unwrap_or(f64::NAN);
        Ok(number("cpu_us") / number("pairs"))
    }
}
