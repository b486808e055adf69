//! `bench-load`, and what it says.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::stage::LOAD_CPU;
use crate::{process, server};

/// Calls to make.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load<'a> {
    pub(super) port: u16,
    pub(super) secret: Secret<'a>,
    pub(super) model: &'a str,
    pub(super) stream: bool,
    pub(super) connections: u32,
    pub(super) seconds: u64,
    /// Requests per second, due whatever the answers do.
    pub(super) rate: Option<u64>,
    /// Bytes of text added to each request.
    pub(super) padding: usize,
}

/// Under what calls are made.
#[derive(Clone, Copy, Debug)]
pub(super) enum Secret<'a> {
    One(&'a str),
    /// A file of them, each used once.
    Once(&'a Path, usize),
}

/// What came of a load without errors.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    pub(super) calls: f64,
    pub(super) seconds: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
}

impl Load<'_> {
    pub(super) fn command(&self, binary: &Path) -> Command {
        let mut load = server::pinned(binary, Some(LOAD_CPU));
        load.args(["--port", &self.port.to_string()]);
        load.args(["--model", self.model]);
        load.args(["--connections", &self.connections.to_string()]);
        load.args(["--seconds", &self.seconds.to_string()]);
        load.args(["--max-tokens", self.output_limit()]);
        load.args(["--padding", &self.padding.to_string()]);
        if self.stream {
            load.arg("--stream");
        }
        if let Some(rate) = self.rate {
            load.args(["--rate", &rate.to_string()]);
        }
        match self.secret {
            Secret::One(secret) => load.args(["--secret", secret]),
            Secret::Once(file, secrets) => load
                .args(["--calls", &secrets.to_string()])
                .arg("--secrets")
                .arg(file),
        };
        load
    }

    /// Enough for the longest answer the upstream gives.
    fn output_limit(&self) -> &'static str {
        match (self.stream, self.model.ends_with("/endless")) {
            (false, _) => "64",
            (true, false) => "256",
            (true, true) => "50000",
        }
    }

    pub(super) fn run(&self, binary: &Path) -> Result<Outcome> {
        Outcome::parse(&process::output(&mut self.command(binary))?)
    }
}

impl Outcome {
    /// Reads what `bench-load` prints; a run with errors does not count.
    pub(super) fn parse(printed: &str) -> Result<Self> {
        let result: Value = serde_json::from_str(printed)?;
        let number = |name: &str| {
            result[name]
                .as_f64()
                .with_context(|| format!("no `{name}` in {printed}"))
        };
        let calls = number("calls")?;
        ensure!(
            result["errors"] == 0 && calls > 0.0,
            "{} errors, {calls} whole answers; first: {}",
            result["errors"],
            result["first_error"],
        );
        Ok(Self {
            calls,
            seconds: number("seconds")?,
            p50_ms: number("p50_us")? / 1e3,
            p99_ms: number("p99_us")? / 1e3,
        })
    }

    pub(super) fn calls_per_second(&self) -> f64 {
        self.calls / self.seconds
    }
}
