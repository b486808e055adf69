//! `keypurse audit` of a million calls.

use std::fs;
use std::process::Command;
use std::time::Instant;

use anyhow::Result;

use crate::server::Server;
use crate::{process, workspace};

/// What an audit of a million rows may take.
const SECONDS: f64 = 60.0;
const TOKENS: &str = "1000";
/// Longer than the calls take to be made.
const LONGEST: &str = "600";

/// Whether it found no difference in time, and what to say of it.
pub(super) fn measure(calls: u64) -> Result<(bool, String)> {
    fs::create_dir_all(workspace::target().join("bench"))?;
    let scratch = tempfile::tempdir_in(workspace::target().join("bench"))?;
    let ledger = workspace::release_binary("keypurse-bench", "bench-ledger")?;
    let keypurse = Server::build()?;
    // The directory as a server makes it.
    let data_dir = scratch.path().join("data");
    let launch = crate::server::Launch {
        data_dir: &data_dir,
        log: &scratch.path().join("log"),
        config: None,
        demo: false,
        core: None,
        environment: &[],
    };
    Server::start(&keypurse, &launch)?.stop()?;
    let bench = |arguments: &[&str]| {
        let mut command = Command::new(&ledger);
        command.arg("--file").arg(data_dir.join("keypurse.db"));
        process::output(command.args(arguments))
    };
    bench(&["fill", "--tokens", TOKENS])?;
    let calls = calls.to_string();
    let spread = ["--of", TOKENS, "--tokens", TOKENS];
    let until = ["--seconds", LONGEST, "--pairs", &calls];
    bench(&[&["spend"], &spread[..], &until[..]].concat())?;
    let started = Instant::now();
    let mut audit = Command::new(&keypurse);
    audit.arg("audit").arg("--data-dir").arg(&data_dir);
    let said = process::output(&mut audit)?;
    let took = started.elapsed().as_secs_f64();
    let said = said.lines().next().unwrap_or_default();
    Ok((
        took <= SECONDS,
        format!("{calls} calls in {took:.1} s: {said}"),
    ))
}
