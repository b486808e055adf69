//! `cargo xtask bench`: what a budgeted, durable, settled call costs, beside a
//! bare proxy of the same stack and nginx, all in one run.
//!
//! The gateway under measurement has CPU 1 to itself; upstream and load share
//! CPU 0. Rounds are interleaved, so a busy minute of the machine hits all
//! three alike, and medians are reported.

mod gateways;
mod instructions;
mod measure;
mod report;

use anyhow::{Result, ensure};

use crate::install::debian;
use gateways::Bench;
use measure::{Case, Sample};

/// How long to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Interleaved rounds, whose median counts
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Length of one measurement
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=30))]
    seconds: u64,
    /// Leave keypurse out: tries the bench itself
    #[arg(long)]
    without_keypurse: bool,
    /// Write the result to docs/benchmarks.md too
    #[arg(long)]
    write: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let cpus = std::thread::available_parallelism()?.get();
    ensure!(
        cpus >= 2,
        "the bench needs two CPUs: one for the gateway, one for upstream and load"
    );
    debian::ensure(debian::FOR_BENCH)?;
    let bench = Bench::start(!options.without_keypurse)?;
    let samples = measure_all(&bench, options)?;
    let report = report::Report::new(&samples, options.rounds, options.seconds)?;
    println!("{}", report.markdown());
    if options.write {
        report.write()?;
    }
    ensure!(
        report.failures().is_empty(),
        "{}",
        report.failures().join("; ")
    );
    Ok(())
}

fn measure_all(bench: &Bench, options: &Options) -> Result<Vec<Sample>> {
    for gateway in bench.gateways() {
        measure::once(bench, gateway, Case::WARM_UP, 1)?;
    }
    let mut samples = Vec::new();
    for round in 1..=options.rounds {
        for case in Case::ALL {
            for gateway in bench.gateways() {
                eprintln!("round {round}: {case} through {gateway}");
                samples.push(measure::once(bench, gateway, *case, options.seconds)?);
            }
        }
    }
    Ok(samples)
}
