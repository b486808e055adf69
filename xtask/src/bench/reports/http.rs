//! `bench-reports`, and what it says.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use super::asked::Asked;
use crate::bench::stage::LOAD_CPU;
use crate::process::{self, Background};
use crate::server::{self, ACCOUNT_KEY, Server};
use crate::workspace;

/// Asks a server for reports.
#[derive(Debug)]
pub(super) struct Client {
    binary: PathBuf,
}

/// Milliseconds, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Times {
    pub(super) last_byte: Vec<f64>,
    pub(super) first_byte: Vec<f64>,
    /// Of an answer.
    pub(super) bytes: u64,
}

impl Times {
    pub(super) fn add(&mut self, more: Self) {
        self.last_byte.extend(more.last_byte);
        self.first_byte.extend(more.first_byte);
        self.bytes = more.bytes;
    }
}

impl Client {
    pub(super) fn build() -> Result<Self> {
        let binary = workspace::optimised_binary("keypurse-bench", "bench-reports")?;
        Ok(Self { binary })
    }

    fn command(&self, server: &Server, path: &str) -> Command {
        let mut command = server::pinned(&self.binary, Some(LOAD_CPU));
        command.args(["--port", &server.port().to_string()]);
        command.args(["--path", path]);
        command
    }

    fn report(&self, server: &Server, asked: &Asked) -> Command {
        let path = format!("/v2/cost_management/?{}", asked.query);
        let mut command = self.command(server, &path);
        command.args(["--secret", ACCOUNT_KEY]);
        command
    }

    /// Asks for a report so often.
    pub(super) fn ask(&self, server: &Server, asked: &Asked, times: u64) -> Result<Times> {
        Self::times(server, &mut self.report(server, asked), times)
    }

    /// Opens a page so often.
    pub(super) fn open(
        &self,
        server: &Server,
        (path, cookie): (&str, &str),
        times: u64,
    ) -> Result<Times> {
        let mut command = self.command(server, path);
        Self::times(server, command.args(["--cookie", cookie]), times)
    }

    fn times(server: &Server, command: &mut Command, times: u64) -> Result<Times> {
        command.args(["--times", &times.to_string()]);
        let printed = process::output(command).with_context(|| server.log_tail())?;
        let told: Value = serde_json::from_str(&printed)?;
        let of = |name: &str| -> Result<Vec<f64>> {
            let times = told[name].as_array().context("times")?;
            Ok(times.iter().filter_map(Value::as_f64).collect())
        };
        Ok(Times {
            last_byte: of("ms")?,
            first_byte: of("first_byte_ms")?,
            bytes: told["bytes"].as_u64().unwrap_or_default(),
        })
    }

    /// Asks again and again until it is dropped, while nothing else runs: it
    /// shares its CPU with the load that is measured.
    pub(super) fn keep_asking(
        &self,
        server: &Server,
        asked: &Asked,
        (seconds, log): (u64, &Path),
    ) -> Result<Background> {
        let plain = self.report(server, asked);
        let mut command = Command::new("chrt");
        command.args(["--idle", "0"]).arg(plain.get_program());
        command.args(plain.get_args());
        command.args(["--seconds", &seconds.to_string()]);
        Background::start("bench-reports", &mut command, log)
    }
}
