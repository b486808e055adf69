//! `cargo xtask bench`: what a budgeted, durable, settled call costs, beside a
//! bare proxy of the same stack and nginx; what the ledger alone does, beside
//! PostgreSQL; and what a large installation needs. Each part in one run.
//!
//! The gateway under measurement has CPU 1 to itself; upstream and load share
//! CPU 0. Rounds are interleaved, so a busy minute of the machine hits
//! everything alike, and medians are reported.

mod calls;
mod fsync_delay;
mod gateways;
mod instructions;
mod latency;
mod ledger;
mod load;
mod measure;
mod million;
mod postgres;
mod proc;
mod report;
mod scale;
mod section;
mod stage;
mod streams;

use anyhow::{Result, ensure};

use section::Section;

/// What to measure, and for how long.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[arg(value_enum, default_value = "calls")]
    part: Part,
    /// Interleaved rounds, whose median counts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=20))]
    rounds: u64,
    /// Length of one measurement
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=30))]
    seconds: u64,
    /// How long a thousand streams run
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=14))]
    minutes: u64,
    /// Leave keypurse out of `calls`: tries the bench itself
    #[arg(long)]
    without_keypurse: bool,
    /// Write the result to docs/benchmarks.md too
    #[arg(long)]
    write: bool,
}

/// A part of docs/benchmarks.md.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Part {
    /// JSON calls and streams beside a bare proxy and nginx
    Calls,
    /// The store beside PostgreSQL, and the gateway on a slow disk
    Ledger,
    /// A million tokens, a thousand streams
    Scale,
}

impl Part {
    #[cfg(test)]
    const ALL: [Self; 3] = [Self::Calls, Self::Ledger, Self::Scale];

    #[cfg(test)]
    const fn name(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Ledger => "ledger",
            Self::Scale => "scale",
        }
    }

    fn run(self, options: &Options) -> Result<Section> {
        match self {
            Self::Calls => calls::run(options),
            Self::Ledger => ledger::run(options),
            Self::Scale => scale::run(options),
        }
    }
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let cpus = std::thread::available_parallelism()?.get();
    ensure!(
        cpus >= 2,
        "the bench needs two CPUs: one for the gateway, one for upstream and load"
    );
    let section = options.part.run(options)?;
    println!("{}", section.markdown());
    if options.write {
        section.write()?;
    }
    let failures = section.failures();
    ensure!(failures.is_empty(), "{}", failures.join("; "));
    Ok(())
}
