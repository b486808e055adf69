//! A real server for one suite, and the proof of its books afterwards.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::server::{Launch, Server};

/// Runs `suite` beside a server on a fresh data directory in `scratch`, stops
/// the server by SIGTERM, and lets `keypurse audit` prove what it left.
///
/// When the suite fails, its error carries the end of the server's log.
pub(crate) fn balanced(
    scratch: &Path,
    config: Option<&Path>,
    suite: impl FnOnce(&Server) -> Result<()>,
) -> Result<()> {
    let binary = Server::build()?;
    let data_dir = scratch.join("data");
    let log = scratch.join("keypurse.log");
    let launch = Launch {
        data_dir: &data_dir,
        log: &log,
        config,
        demo: true,
        core: None,
        environment: &[],
    };
    let server = Server::start(&binary, &launch)?;
    suite(&server).with_context(|| server.log_tail())?;
    server.stop()?;
    process::run(
        Command::new(&binary)
            .arg("audit")
            .arg("--data-dir")
            .arg(&data_dir),
    )
    .context("the suite passed, but the books it left do not balance")
}
