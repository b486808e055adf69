//! One measurement: a load for some seconds, and what it took of the gateway's
//! own process.

use std::fmt;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::gateways::{Bench, Gateway, LOAD_CPU};
use super::instructions;
use crate::{process, server};

/// What is asked, over how many connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Case {
    pub(super) connections: u32,
    pub(super) stream: bool,
    /// Five milliseconds between the pieces.
    pub(super) paced: bool,
}

impl Case {
    pub(super) const WARM_UP: Self = Self {
        connections: 16,
        stream: false,
        paced: false,
    };
    pub(super) const ALL: &[Self] = &[
        Self {
            connections: 16,
            stream: false,
            paced: false,
        },
        Self {
            connections: 64,
            stream: false,
            paced: false,
        },
        Self {
            connections: 16,
            stream: true,
            paced: false,
        },
        Self {
            connections: 16,
            stream: true,
            paced: true,
        },
    ];
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answer = match (self.stream, self.paced) {
            (false, _) => "JSON",
            (true, false) => "stream",
            (true, true) => "stream, 5 ms apart",
        };
        write!(f, "{answer}, {} connections", self.connections)
    }
}

/// What one gateway did in one case.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) gateway: Gateway,
    pub(super) case: Case,
    pub(super) calls_per_second: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    /// Of the gateway's process alone, user and system.
    pub(super) cpu_us_per_call: f64,
    /// Where `perf` can count them.
    pub(super) instructions_per_call: Option<f64>,
    /// After the load.
    pub(super) resident_mib: f64,
    /// The most it ever was.
    pub(super) peak_mib: f64,
}

pub(super) fn once(bench: &Bench, gateway: Gateway, case: Case, seconds: u64) -> Result<Sample> {
    let (port, pid, secret) = bench.target(gateway);
    let mut load = load(bench, case, seconds);
    load.args(["--port", &port.to_string(), "--secret", secret]);
    let counts = bench.instruction_counts();
    if let Some(counts) = &counts {
        load = instructions::counting(&load, pid, counts);
    }
    let cpu_before = cpu_seconds(pid)?;
    let printed = process::output(&mut load).with_context(|| bench.log_tail())?;
    let cpu = cpu_seconds(pid)? - cpu_before;
    let instructions = counts.as_deref().map(instructions::counted).transpose()?;
    let result: Value = serde_json::from_str(&printed)?;
    let number = |name: &str| {
        result[name]
            .as_f64()
            .with_context(|| format!("no `{name}`"))
    };
    let calls = number("calls")?;
    ensure!(
        result["errors"] == 0 && calls > 0.0,
        "{case} through {gateway}: {} errors, {calls} whole answers; first: {}\n{}",
        result["errors"],
        result["first_error"],
        bench.log_tail(),
    );
    Ok(Sample {
        gateway,
        case,
        calls_per_second: calls / number("seconds")?,
        p50_ms: number("p50_us")? / 1e3,
        p99_ms: number("p99_us")? / 1e3,
        cpu_us_per_call: cpu * 1e6 / calls,
        instructions_per_call: instructions.map(|count| count / calls),
        resident_mib: memory_mib(pid, "VmRSS:")?,
        peak_mib: memory_mib(pid, "VmHWM:")?,
    })
}

fn load(bench: &Bench, case: Case, seconds: u64) -> Command {
    let mut load = server::pinned(&bench.load, Some(LOAD_CPU));
    load.args(["--connections", &case.connections.to_string()]);
    load.args(["--seconds", &seconds.to_string()]);
    load.args([
        "--model",
        if case.paced {
            "bench/paced"
        } else {
            "bench/small"
        },
    ]);
    if case.stream {
        load.arg("--stream");
    }
    load
}

/// Fields of `/proc/PID/stat`, counted from the one after the name.
const USER_TIME: usize = 11;
const SYSTEM_TIME: usize = 12;

/// User and system time of a process and all its threads.
fn cpu_seconds(pid: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name before may hold anything, a bracket too.
    let (_, fields) = stat.rsplit_once(')').context("no process name")?;
    let field = |index: usize| -> Result<f64> {
        Ok(fields
            .split_whitespace()
            .nth(index)
            .context("too few fields")?
            .parse()?)
    };
    Ok((field(USER_TIME)? + field(SYSTEM_TIME)?) / ticks_per_second()?)
}

fn ticks_per_second() -> Result<f64> {
    Ok(process::output(Command::new("getconf").arg("CLK_TCK"))?
        .trim()
        .parse()?)
}

/// A line of `/proc/PID/status`, which counts in KiB.
fn memory_mib(pid: u32, line: &str) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let found = status.lines().find_map(|text| text.strip_prefix(line));
    let kib = found
        .and_then(|text| text.split_whitespace().next())
        .context("no such line")?;
    Ok(kib.parse::<f64>()? / 1024.0)
}
