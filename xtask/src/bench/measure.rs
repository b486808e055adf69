//! One measurement: a load for some seconds, and what it took of the gateway's
//! own process.

use std::fmt;

use anyhow::{Context, Result};

use super::gateways::{Bench, Gateway};
use super::instructions;
use super::load::{Load, Outcome, Secret};
use super::proc::{self, CpuTimes};
use crate::process;

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
        Self {
            connections: 64,
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
    let mut load = case.load(port, secret, seconds).command(&bench.stage.load);
    let counts = bench.instruction_counts();
    if let Some(counts) = &counts {
        load = instructions::counting(&load, pid, counts);
    }
    let before = CpuTimes::of(pid)?;
    let printed = process::output(&mut load).with_context(|| bench.log_tail())?;
    let cpu = CpuTimes::of(pid)?.seconds_since(&before);
    let instructions = counts.as_deref().map(instructions::counted).transpose()?;
    let outcome = Outcome::parse(&printed)
        .with_context(|| format!("{case} through {gateway}\n{}", bench.log_tail()))?;
    Ok(Sample {
        gateway,
        case,
        calls_per_second: outcome.calls_per_second(),
        p50_ms: outcome.p50_ms,
        p99_ms: outcome.p99_ms,
        cpu_us_per_call: cpu * 1e6 / outcome.calls,
        instructions_per_call: instructions.map(|count| count / outcome.calls),
        resident_mib: proc::resident_mib(pid)?,
        peak_mib: proc::peak_mib(pid)?,
    })
}

impl Case {
    fn load(self, port: u16, secret: &str, seconds: u64) -> Load<'_> {
        Load {
            port,
            secret: Secret::One(secret),
            model: if self.paced {
                "bench/paced"
            } else {
                "bench/small"
            },
            stream: self.stream,
            connections: self.connections,
            seconds,
            rate: None,
            padding: 0,
        }
    }
}
