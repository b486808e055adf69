//! `cargo xtask bench ledger`: the store without a gateway beside PostgreSQL,
//! and the gateway on a disk that takes a millisecond to keep its word.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use super::command::Options;
use super::fsync_delay::{self, Disk};
use super::load::{Load, Secret};
use super::million::{self, Million};
use super::postgres::Cluster;
use super::section::{Limit, Section, median};
use super::stage::{self, Stage};
use crate::install::debian;
use crate::server::Server;
use crate::{process, workspace};

/// Pairs per second over what PostgreSQL reaches with two updates each.
const OVER_POSTGRES: f64 = 20.0;
/// The slower of a file of one token and of a million, over the other.
const WHATEVER_THE_FILE: f64 = 0.9;
/// Throughput with a millisecond more per fsync, over that without.
const DELAYED_OVER_AS_IS: f64 = 0.8;

const TASKS: u64 = 64;
const CONNECTIONS: u32 = 64;
const SPREAD: u64 = 10_000;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    /// Single-row updates of one purse, two for a pair.
    Postgres,
    /// One hot token in a file of its own.
    Alone,
    /// One hot token in a file of a million.
    AmongMillion,
    /// Ten thousand tokens of a million.
    Spread,
    /// The whole gateway; a call is a pair.
    Gateway,
}

impl Subject {
    const ALL: [Self; 5] = [
        Self::Postgres,
        Self::Alone,
        Self::AmongMillion,
        Self::Spread,
        Self::Gateway,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL, one row, 16 clients",
            Self::Alone => "ledger, one token, file of 1",
            Self::AmongMillion => "ledger, one token, file of 1,000,000",
            Self::Spread => "ledger, 10,000 tokens, file of 1,000,000",
            Self::Gateway => "gateway, one token, 64 connections",
        }
    }
}

/// One measurement.
#[derive(Clone, Copy, Debug)]
struct Sample {
    subject: Subject,
    disk: Disk,
    pairs_per_second: f64,
    /// Of the ledger's process, both its writer and the tasks that ask.
    cpu_us_per_pair: Option<f64>,
    p99_ms: Option<f64>,
}

/// Everything that is measured, ready.
struct Subjects {
    clusters: [Cluster; 2],
    files: BTreeMap<Subject, PathBuf>,
    // Before the stage whose upstream they call.
    gateways: [(Server, String); 2],
    library: PathBuf,
    ledger: PathBuf,
    stage: Stage,
}

pub(super) fn run(options: &Options) -> Result<Section> {
    debian::ensure(debian::FOR_LEDGER_BENCH)?;
    let subjects = Subjects::prepare()?;
    let mut samples = Vec::new();
    for round in 1..=options.rounds {
        for subject in Subject::ALL {
            for disk in Disk::BOTH {
                eprintln!("round {round}: {}, fsync {disk}", subject.name());
                samples.push(subjects.measure(subject, disk, options.seconds)?);
            }
        }
    }
    section(&samples, options)
}

impl Subjects {
    fn prepare() -> Result<Self> {
        let stage = Stage::start()?;
        let library = fsync_delay::build(stage.scratch())?;
        let ledger = workspace::optimised_binary("keypurse-bench", "bench-ledger")?;
        let million = Million::find_or_make(&stage)?;
        let mut files = BTreeMap::new();
        for subject in [Subject::AmongMillion, Subject::Spread] {
            let folder = stage.scratch().join(format!("{subject:?}"));
            million.copy(&folder)?;
            files.insert(subject, folder.join("keypurse.db"));
        }
        let alone = stage.scratch().join("alone.db");
        let mut fill = Command::new(&ledger);
        fill.arg("--file").arg(&alone).args(["fill", "--tokens=1"]);
        process::run(&mut fill)?;
        files.insert(Subject::Alone, alone);
        let gateway = |disk: Disk| -> Result<_> {
            let data_dir = stage.scratch().join(format!("gateway-{disk:?}"));
            let server = stage.keypurse(&data_dir, &disk.environment(&library))?;
            let secret = stage::new_token(&server, "bench")?;
            Ok((server, secret))
        };
        Ok(Self {
            clusters: [Cluster::start(Disk::AsIs)?, Cluster::start(Disk::Delayed)?],
            files,
            gateways: [gateway(Disk::AsIs)?, gateway(Disk::Delayed)?],
            library,
            ledger,
            stage,
        })
    }

    fn measure(&self, subject: Subject, disk: Disk, seconds: u64) -> Result<Sample> {
        let which = usize::from(disk == Disk::Delayed);
        let sample = |pairs_per_second, cpu_us_per_pair, p99_ms| Sample {
            subject,
            disk,
            pairs_per_second,
            cpu_us_per_pair,
            p99_ms,
        };
        match subject {
            Subject::Postgres => {
                let updates = self.clusters[which].updates_per_second(seconds)?;
                Ok(sample(updates / 2.0, None, None))
            }
            Subject::Gateway => {
                let (server, secret) = &self.gateways[which];
                let outcome = through(server, secret, seconds)
                    .run(&self.stage.load)
                    .with_context(|| server.log_tail())?;
                Ok(sample(
                    outcome.calls_per_second(),
                    None,
                    Some(outcome.p99_ms),
                ))
            }
            Subject::Alone | Subject::AmongMillion | Subject::Spread => {
                let file = &self.files[&subject];
                let result = self.spend(subject, file, disk, seconds)?;
                let number = |name: &str| result[name].as_f64().context("a number");
                let pairs = number("pairs")?;
                Ok(sample(
                    pairs / number("seconds")?,
                    Some(number("cpu_us")? / pairs),
                    Some(number("p99_us")? / 1e3),
                ))
            }
        }
    }

    fn spend(&self, subject: Subject, file: &Path, disk: Disk, seconds: u64) -> Result<Value> {
        let (of, tokens) = match subject {
            Subject::Alone => (1, 1),
            Subject::Spread => (million::TOKENS, SPREAD),
            _ => (million::TOKENS, 1),
        };
        let mut spend = Command::new(&self.ledger);
        spend.arg("--file").arg(file).arg("spend");
        spend.args(["--of", &of.to_string(), "--tokens", &tokens.to_string()]);
        spend.args(["--tasks", &TASKS.to_string()]);
        spend.args(["--seconds", &seconds.to_string()]);
        spend.envs(disk.environment(&self.library));
        Ok(serde_json::from_str(&process::output(&mut spend)?)?)
    }
}

fn through<'a>(server: &Server, secret: &'a str, seconds: u64) -> Load<'a> {
    Load {
        port: server.port(),
        secret: Secret::One(secret),
        model: "bench/small",
        stream: false,
        connections: CONNECTIONS,
        seconds,
        rate: None,
        padding: 0,
    }
}

fn section(samples: &[Sample], options: &Options) -> Result<Section> {
    let of = |subject: Subject, disk: Disk, value: fn(&Sample) -> Option<f64>| {
        let matching = samples
            .iter()
            .filter(move |sample| sample.subject == subject && sample.disk == disk);
        median(matching.filter_map(value))
    };
    let rate = |subject, disk| {
        of(subject, disk, |sample| Some(sample.pairs_per_second)).context("not measured")
    };
    let mut table = "| what | fsync | pairs/s | p99 ms | CPU µs/pair | × PostgreSQL \
                     | × its updates |\n|---|---|--:|--:|--:|--:|--:|"
        .to_owned();
    for subject in Subject::ALL {
        for disk in Disk::BOTH {
            let pairs = rate(subject, disk)?;
            let over = pairs / rate(Subject::Postgres, disk)?;
            let shown = |value: Option<f64>, digits: usize| {
                value.map_or_else(|| "–".to_owned(), |value| format!("{value:.digits$}"))
            };
            write!(
                table,
                "\n| {} | {disk} | {pairs:.0} | {} | {} | {over:.1} | {:.1} |",
                subject.name(),
                shown(of(subject, disk, |sample| sample.p99_ms), 2),
                shown(of(subject, disk, |sample| sample.cpu_us_per_pair), 1),
                over / 2.0,
            )?;
        }
    }
    let delayed = |subject| rate(subject, Disk::Delayed);
    let (alone, among) = (delayed(Subject::Alone)?, delayed(Subject::AmongMillion)?);
    let postgres = delayed(Subject::Postgres)?;
    let gateway = delayed(Subject::Gateway)? / rate(Subject::Gateway, Disk::AsIs)?;
    let limits = vec![
        Limit::at_least(
            "+1 ms, one token, file of 1, × PostgreSQL",
            alone / postgres,
            OVER_POSTGRES,
        ),
        Limit::at_least(
            "+1 ms, one token, file of 1,000,000, × PostgreSQL",
            among / postgres,
            OVER_POSTGRES,
        ),
        Limit::at_least(
            "+1 ms, files of 1 and 1,000,000, slower over faster",
            alone.min(among) / alone.max(among),
            WHATEVER_THE_FILE,
        ),
        Limit::at_least(
            "gateway's throughput, +1 ms over as it is",
            gateway,
            DELAYED_OVER_AS_IS,
        ),
    ];
    Ok(Section {
        name: "ledger",
        how: how(options),
        table,
        limits,
    })
}

fn how(options: &Options) -> String {
    let Options {
        rounds, seconds, ..
    } = options;
    format!(
        "Medians of {rounds} interleaved rounds of {seconds} s each. A pair is a hold and its
settlement, both on disk before the next; {TASKS} tasks, each with one pair at a
time, on the store itself. For PostgreSQL it is two single-row `UPDATE`
transactions of one purse (pgbench, prepared, `synchronous_commit` on); the last
column is against its updates one by one. Neither is pinned to a CPU; the gateway
is, as above. `+1 ms`: every fsync and fdatasync of the measured process takes a
millisecond longer (`benches/fsync_delay.c`)."
    )
}
