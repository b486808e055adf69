//! The real `keypurse serve`, started for one suite and stopped after it.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use crate::process::{self, Background};
use crate::{http, workspace};

/// Presets the account's key; only servers on loopback that live for one suite
/// ever know it.
pub(crate) const ACCOUNT_KEY: &str = "xtask-account-key-for-suites-on-loopback";

/// What to start.
#[derive(Debug)]
pub(crate) struct Launch<'a> {
    /// Kept by the caller, so a server can be started on it again.
    pub(crate) data_dir: &'a Path,
    /// Where its output is appended. Not in the data directory, which is the
    /// server's own.
    pub(crate) log: &'a Path,
    pub(crate) config: Option<&'a Path>,
    pub(crate) demo: bool,
    /// Keeps the process on one CPU, so its cost can be measured.
    pub(crate) core: Option<u32>,
    /// Variables on top of the few it gets.
    pub(crate) environment: &'a [(&'a str, OsString)],
}

/// A ready server on a port of its own.
#[derive(Debug)]
pub(crate) struct Server {
    process: Background,
    port: u16,
    url: String,
}

impl Server {
    /// Builds the release binary; suites call it once and start it as often as
    /// they like.
    pub(crate) fn build() -> Result<PathBuf> {
        workspace::release_binary("keypurse", "keypurse")
    }

    /// Starts `binary` and waits until it is ready.
    pub(crate) fn start(binary: &Path, launch: &Launch<'_>) -> Result<Self> {
        let port = process::free_port()?;
        let url = format!("http://127.0.0.1:{port}");
        let mut command = pinned(binary, launch.core);
        command
            .arg("serve")
            .args(["--listen", &format!("127.0.0.1:{port}")]);
        command.arg("--data-dir").arg(launch.data_dir);
        if let Some(config) = launch.config {
            command.arg("--config").arg(config);
        }
        if launch.demo {
            command.arg("--demo");
        }
        // Nothing of the developer's own: a provider's usual variable would
        // register that provider.
        command.env_clear().env("KEYPURSE_ACCOUNT_KEY", ACCOUNT_KEY);
        command.env("PATH", env::var_os("PATH").unwrap_or_default());
        command.envs(launch.environment.iter().map(|(name, value)| (name, value)));
        let mut process = Background::start("keypurse", &mut command, launch.log)?;
        http::wait_ready(&mut process, &format!("{url}/readyz"))?;
        Ok(Self { process, port, url })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// The last lines it logged, for a failed suite's message.
    pub(crate) fn log_tail(&self) -> String {
        self.process.log_tail()
    }

    /// Ends it as a crash would.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.process.kill()
    }

    /// Stops it by SIGTERM; draining and settling must end in exit 0.
    pub(crate) fn stop(mut self) -> Result<()> {
        let status = self.process.stop()?;
        ensure!(
            status.success(),
            "keypurse left with {status}\n{}",
            self.process.log_tail()
        );
        Ok(())
    }
}

/// `program`, kept on one CPU if asked.
pub(crate) fn pinned(program: &Path, core: Option<u32>) -> Command {
    let Some(core) = core else {
        return Command::new(program);
    };
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", &core.to_string()]).arg(program);
    command
}
