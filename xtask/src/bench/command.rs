//! Which part of the bench to run, and for how long.

use anyhow::{Result, ensure};

use super::section::Section;
use super::{calls, ledger, reports, routes, scale};

/// What to measure, and for how long.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[arg(value_enum, default_value = "calls")]
    part: Part,
    /// Interleaved rounds, whose median counts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=20))]
    pub(super) rounds: u64,
    /// Length of one measurement
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=30))]
    pub(super) seconds: u64,
    /// How long a thousand streams run
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=14))]
    pub(super) minutes: u64,
    /// Leave keypurse out of `calls`: tries the bench itself
    #[arg(long)]
    pub(super) without_keypurse: bool,
    /// Write the result to docs/benchmarks.md too
    #[arg(long)]
    write: bool,
}

/// A part of docs/benchmarks.md.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum Part {
    /// JSON calls and streams beside a bare proxy and nginx
    Calls,
    /// The store beside PostgreSQL, and the gateway on a slow disk
    Ledger,
    /// A million tokens, a thousand streams
    Scale,
    /// Reports over a year of ten thousand tokens
    Reports,
    /// Sandbox calls, translated ones, large bodies, endless streams
    Routes,
}

impl Part {
    #[cfg(test)]
    pub(super) const ALL: [Self; 5] = [
        Self::Calls,
        Self::Ledger,
        Self::Scale,
        Self::Reports,
        Self::Routes,
    ];

    #[cfg(test)]
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Ledger => "ledger",
            Self::Scale => "scale",
            Self::Reports => "reports",
            Self::Routes => "routes",
        }
    }

    fn run(self, options: &Options) -> Result<Section> {
        match self {
            Self::Calls => calls::run(options),
            Self::Ledger => ledger::run(options),
            Self::Scale => scale::run(options),
            Self::Reports => reports::run(options),
            Self::Routes => routes::run(options),
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
