//! `cargo xtask bench scale`: a million tokens in the file, and a thousand
//! streams at once.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::command::Options;
use super::load::{Load, Secret};
use super::million::{KEYS, Million};
use super::proc;
use super::section::{Limit, Section, median};
use super::stage::{self, Stage};
use super::streams::{self, Streams};
use crate::server::Server;

const READY_MS: f64 = 1000.0;
const FIRST_CALL_P99_MS: f64 = 2.0;
const MILLION_MIB: f64 = 150.0;
const LOAD_CONNECTIONS: u32 = 64;

/// What a file of a million tokens costs.
#[derive(Debug)]
struct Costs {
    /// After an orderly stop, and after a kill under load.
    ready_ms: f64,
    ready_after_kill_ms: f64,
    /// Of each key's first call and of its second.
    first: (f64, f64),
    second: (f64, f64),
    resident_mib: f64,
    peak_mib: f64,
}

pub(super) fn run(options: &Options) -> Result<Section> {
    let stage = Stage::start()?;
    let million = Million::find_or_make(&stage)?;
    let costs = Costs::measure(&stage, &million, options)?;
    let streams = Streams::measure(&stage, Duration::from_secs(60 * options.minutes))?;
    let mut limits = costs.limits();
    limits.extend(streams.limits());
    Ok(Section {
        name: "scale",
        how: how(options),
        table: format!("{}\n\n{}", costs.markdown(), streams.markdown()),
        limits,
    })
}

impl Costs {
    fn measure(stage: &Stage, million: &Million, options: &Options) -> Result<Self> {
        let data_dir = stage.scratch().join("million");
        million.copy(&data_dir)?;
        // Brings a directory that was made before this build up to date.
        stage.keypurse(&data_dir, &[])?.stop()?;
        let (mut ready, mut first, mut second) = (Vec::new(), Vec::new(), Vec::new());
        let (mut resident, mut peak) = (0_f64, 0_f64);
        for round in 1..=options.rounds {
            eprintln!("round {round}: a million tokens");
            let (server, ready_ms) = start(stage, &data_dir)?;
            ready.push(ready_ms);
            first.push(each_key_once(stage, million, &server)?);
            second.push(each_key_once(stage, million, &server)?);
            load(stage, &server, &format!("hot-{round}"), options.seconds)?;
            resident = resident.max(proc::resident_mib(server.pid())?);
            peak = peak.max(proc::peak_mib(server.pid())?);
            server.stop()?;
        }
        let middle = |values: &[(f64, f64)]| {
            let of = |value: fn(&(f64, f64)) -> f64| median(values.iter().map(value));
            Some((of(|pair| pair.0)?, of(|pair| pair.1)?))
        };
        Ok(Self {
            ready_ms: median(ready).context("no round")?,
            ready_after_kill_ms: after_a_kill(stage, &data_dir)?,
            first: middle(&first).context("no round")?,
            second: middle(&second).context("no round")?,
            resident_mib: resident,
            peak_mib: peak,
        })
    }

    fn markdown(&self) -> String {
        let Self {
            ready_ms,
            ready_after_kill_ms,
            first,
            second,
            resident_mib,
            peak_mib,
        } = self;
        format!(
            "| 1,000,000 tokens in the file | |\n|---|--:|\n\
             | start to ready after a stop | {ready_ms:.0} ms |\n\
             | start to ready after a kill under load | {ready_after_kill_ms:.0} ms |\n\
             | first call of a key, p50 | {:.2} ms |\n\
             | first call of a key, p99 | {:.2} ms |\n\
             | second call of a key, p50 | {:.2} ms |\n\
             | second call of a key, p99 | {:.2} ms |\n\
             | resident after the load | {resident_mib:.1} MiB |\n\
             | resident at most | {peak_mib:.1} MiB |",
            first.0, first.1, second.0, second.1
        )
    }

    fn limits(&self) -> Vec<Limit> {
        let tokens = |what: &str| format!("1,000,000 tokens: {what}");
        vec![
            Limit::at_most(tokens("start to ready"), self.ready_ms, READY_MS).in_unit(" ms"),
            Limit::at_most(tokens("first call, p99"), self.first.1, FIRST_CALL_P99_MS)
                .in_unit(" ms"),
            Limit::at_most(tokens("resident at most"), self.peak_mib, MILLION_MIB).in_unit(" MiB"),
        ]
    }
}

/// A ready server, and how many milliseconds that took from its start.
fn start(stage: &Stage, data_dir: &Path) -> Result<(Server, f64)> {
    stage.build_keypurse()?;
    let started = Instant::now();
    let server = stage.keypurse(data_dir, &[])?;
    Ok((server, started.elapsed().as_secs_f64() * 1e3))
}

/// The p50 and p99 of a call under each known secret, one at a time.
fn each_key_once(stage: &Stage, million: &Million, server: &Server) -> Result<(f64, f64)> {
    let secrets = million.secrets();
    let load = Load {
        secret: Secret::Once(&secrets, KEYS),
        connections: 1,
        ..json_load(server, "", 60)
    };
    let outcome = load.run(&stage.load).with_context(|| server.log_tail())?;
    Ok((outcome.p50_ms, outcome.p99_ms))
}

fn load(stage: &Stage, server: &Server, token: &str, seconds: u64) -> Result<()> {
    let secret = stage::new_token(server, token)?;
    let load = json_load(server, &secret, seconds);
    load.run(&stage.load).with_context(|| server.log_tail())?;
    Ok(())
}

fn json_load<'a>(server: &Server, secret: &'a str, seconds: u64) -> Load<'a> {
    Load {
        port: server.port(),
        secret: Secret::One(secret),
        model: "bench/small",
        stream: false,
        connections: LOAD_CONNECTIONS,
        seconds,
        rate: None,
        padding: 0,
    }
}

/// How long a start takes that finds streams under way.
fn after_a_kill(stage: &Stage, data_dir: &Path) -> Result<f64> {
    let (server, _) = start(stage, data_dir)?;
    let secret = stage::new_token(&server, "killed")?;
    streams::kill_under(stage, server, &secret)?;
    let (server, ready_ms) = start(stage, data_dir)?;
    server.stop()?;
    Ok(ready_ms)
}

fn how(options: &Options) -> String {
    let Options {
        rounds,
        seconds,
        minutes,
        ..
    } = options;
    format!(
        "A million tokens: medians of {rounds} starts, the most memory of any. The file is in the
system's cache. Each of {KEYS} keys, spread over the file, calls once and then once
more, one call at a time; the upstream's answer is within those times. Then {LOAD_CONNECTIONS}
connections call for {seconds} s. A start after a kill finds 1,000 streams under way.

Streams: 1,000 connections for {minutes} min, each opening its next stream of 100 pieces,
100 ms apart, when the last is whole; memory is read every second. Before that, each
connection carries short streams for a minute. The floor's cost of the same is measured for 20 s."
    )
}
