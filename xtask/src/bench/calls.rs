//! `cargo xtask bench calls`: a call through keypurse, the floor and nginx.

use anyhow::Result;

use super::command::Options;
use super::gateways::Bench;
use super::latency::Latency;
use super::measure::{self, Case, Sample};
use super::report::Report;
use super::section::Section;
use crate::install::debian;

pub(super) fn run(options: &Options) -> Result<Section> {
    debian::ensure(debian::FOR_BENCH)?;
    let bench = Bench::start(!options.without_keypurse)?;
    let samples = measure_all(&bench, options)?;
    let report = Report::new(&samples)?;
    let (mut table, mut limits) = (report.markdown(), report.limits());
    if let Some(latency) = Latency::measure(&bench, &samples, options)? {
        table = format!("{table}\n\n{}", latency.markdown());
        limits.extend(latency.limits());
    }
    Ok(Section {
        name: "calls",
        how: how(options),
        table,
        limits,
    })
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

fn how(options: &Options) -> String {
    let Options {
        rounds, seconds, ..
    } = options;
    format!(
        "Medians of {rounds} interleaved rounds of {seconds} s each. Half of saturation is half of
what keypurse reached with 64 connections; requests are due at that constant rate
and their latency counts from when they were due."
    )
}
