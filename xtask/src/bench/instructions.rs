//! Instructions a process executes, where this machine's `perf` can count them:
//! unlike time, the same on a busy machine.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;

/// Whether counting works here; virtual machines often hide the counters.
pub(super) fn can_be_counted() -> bool {
    let mut probe = Command::new("perf");
    probe.args([
        "stat",
        "-x",
        ",",
        "-e",
        "instructions",
        "-o",
        "/dev/stdout",
        "true",
    ]);
    process::output(&mut probe).is_ok_and(|counts| parse(&counts).is_some())
}

/// `command`, during which the instructions of `pid` are counted into `counts`.
pub(super) fn counting(command: &Command, pid: u32, counts: &Path) -> Command {
    let mut perf = Command::new("perf");
    perf.args([
        "stat",
        "-x",
        ",",
        "-e",
        "instructions",
        "-p",
        &pid.to_string(),
        "-o",
    ]);
    perf.arg(counts).arg("--").arg(command.get_program());
    perf.args(command.get_args().map(OsStr::to_owned));
    perf
}

pub(super) fn counted(counts: &Path) -> Result<f64> {
    let text = fs::read_to_string(counts)?;
    parse(&text).with_context(|| format!("perf counted nothing: {text}"))
}

/// The first field of the line about instructions; `<not supported>` is none.
fn parse(counts: &str) -> Option<f64> {
    let line = counts.lines().find(|line| line.contains("instructions"))?;
    line.split(',').next()?.parse().ok()
}
