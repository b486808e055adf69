//! A thousand streams at once: memory over time, and what an event costs.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::load::{Load, Outcome, Secret};
use super::proc::{self, CpuTimes};
use super::section::Limit;
use super::stage::{self, Stage};
use crate::process::{self, Background};
use crate::server::Server;
use crate::wait;

const STREAMS: u32 = 1_000;
/// Pieces, stop, usage, `[DONE]`.
const EVENTS: f64 = 103.0;
/// As long as one stream: then there have been as many as there will be.
const SETTLED: Duration = Duration::from_secs(12);
const FLOOR_SECONDS: u64 = 20;
/// Of short streams on all connections, before anything is measured. hyper's
/// queue in front of a connection keeps one more block of tokio's list, 9 KB,
/// from the 33rd request on: that is no growth, it comes once.
const WARM_SECONDS: u64 = 60;
const SAMPLE_EVERY: Duration = Duration::from_secs(1);

const RESIDENT_MIB: f64 = 256.0;
/// The last quarter's highest over the first's.
const GROWTH: f64 = 1.05;
const OVER_FLOOR: f64 = 1.5;

#[derive(Debug)]
pub(super) struct Streams {
    /// One a second, from when the first streams have ended.
    resident_mib: Vec<f64>,
    peak_mib: f64,
    cpu_us_per_event: f64,
    floor_cpu_us_per_event: f64,
}

impl Streams {
    pub(super) fn measure(stage: &Stage, duration: Duration) -> Result<Self> {
        let (floor, port) = stage.floor()?;
        eprintln!("{STREAMS} streams through the floor");
        let (floor_cpu_us_per_event, _) =
            watched(stage, floor.pid(), load(port, "none", FLOOR_SECONDS))?;
        drop(floor);
        let server = stage.keypurse(&stage.scratch().join("streams"), &[])?;
        let secret = stage::new_token(&server, "streams")?;
        let seconds = duration.as_secs().max(2 * SETTLED.as_secs());
        eprintln!("{STREAMS} streams through keypurse for {seconds} s");
        warm(stage, load(server.port(), &secret, WARM_SECONDS))?;
        let load = load(server.port(), &secret, seconds);
        let (cpu_us_per_event, resident_mib) =
            watched(stage, server.pid(), load).with_context(|| server.log_tail())?;
        let peak_mib = proc::peak_mib(server.pid())?;
        server.stop()?;
        Ok(Self {
            resident_mib,
            peak_mib,
            cpu_us_per_event,
            floor_cpu_us_per_event,
        })
    }

    /// The highest of the first quarter and of the last.
    fn quarters(&self) -> (f64, f64) {
        let quarter = (self.resident_mib.len() / 4).max(1);
        let highest = |part: &[f64]| part.iter().copied().fold(0.0, f64::max);
        let all = &self.resident_mib;
        (
            highest(&all[..quarter.min(all.len())]),
            highest(&all[all.len().saturating_sub(quarter)..]),
        )
    }

    fn over_floor(&self) -> f64 {
        self.cpu_us_per_event / self.floor_cpu_us_per_event
    }

    pub(super) fn markdown(&self) -> String {
        let (first, last) = self.quarters();
        format!(
            "| 1,000 open streams | |\n|---|--:|\n\
             | resident, first quarter | {first:.1} MiB |\n\
             | resident, last quarter | {last:.1} MiB |\n\
             | resident at most | {:.1} MiB |\n\
             | CPU per event | {:.1} µs |\n\
             | the floor's | {:.1} µs |",
            self.peak_mib, self.cpu_us_per_event, self.floor_cpu_us_per_event
        )
    }

    pub(super) fn limits(&self) -> Vec<Limit> {
        let (first, last) = self.quarters();
        let streams = |what: &str| format!("1,000 streams: {what}");
        vec![
            Limit::at_most(streams("resident at most"), self.peak_mib, RESIDENT_MIB)
                .in_unit(" MiB"),
            Limit::at_most(
                streams("memory, last quarter over first"),
                last / first,
                GROWTH,
            ),
            Limit::at_most(
                streams("CPU per event over the floor's"),
                self.over_floor(),
                OVER_FLOOR,
            ),
        ]
    }
}

fn load(port: u16, secret: &str, seconds: u64) -> Load<'_> {
    Load {
        port,
        secret: Secret::One(secret),
        model: "bench/long",
        stream: true,
        connections: STREAMS,
        seconds,
        rate: None,
        padding: 0,
    }
}

/// Has each connection carry more requests than it will while it is watched.
fn warm(stage: &Stage, load: Load<'_>) -> Result<()> {
    let short = Load {
        model: "bench/paced",
        ..load
    };
    process::output(&mut short.command(&stage.load))?;
    Ok(())
}

/// CPU microseconds per event of process `pid` under `load`, and its memory.
fn watched(stage: &Stage, pid: u32, load: Load<'_>) -> Result<(f64, Vec<f64>)> {
    let mut command = load.command(&stage.load);
    let before = CpuTimes::of(pid)?;
    let started = Instant::now();
    let (outcome, resident_mib) = thread::scope(|scope| {
        let running = scope.spawn(|| process::output(&mut command));
        let mut resident_mib = Vec::new();
        let mut next = SETTLED;
        while !running.is_finished() {
            // While the streams are all open: not after the last were begun.
            let is_full = started.elapsed().as_secs() <= load.seconds;
            if started.elapsed() >= next && is_full {
                next += SAMPLE_EVERY;
                resident_mib.push(proc::resident_mib(pid)?);
            }
            wait::a_moment();
        }
        let printed = running
            .join()
            .unwrap_or_else(|_| bail!("the load panicked"))?;
        anyhow::Ok((Outcome::parse(&printed)?, resident_mib))
    })?;
    let cpu = CpuTimes::of(pid)?.seconds_since(&before);
    Ok((cpu * 1e6 / (outcome.calls * EVENTS), resident_mib))
}

/// Kills `server` while all streams run.
pub(super) fn kill_under(stage: &Stage, server: Server, secret: &str) -> Result<()> {
    let seconds = 2 * SETTLED.as_secs();
    let mut command = load(server.port(), secret, seconds).command(&stage.load);
    let log = stage.scratch().join("killed.log");
    // It fails when its gateway dies, which is not what is measured.
    let load = Background::start("load", &mut command, &log)?;
    let started = Instant::now();
    wait::until("half a stream", SETTLED, || {
        Ok((started.elapsed() >= SETTLED / 2).then_some(()))
    })?;
    server.kill()?;
    drop(load);
    Ok(())
}
