//! `cargo xtask`: what a developer runs besides cargo itself.
//!
//! Every command says what it installs before it does, changes nothing outside
//! `target/` and the system's package manager, and ends non-zero when anything
//! it promised did not hold.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line: results on stdout, talk on stderr"
)]

mod bench;
mod books;
mod catalogue;
mod check;
mod compatibility;
mod dashboard;
mod dist;
mod http;
mod install;
mod process;
mod real_model;
mod scorecard;
mod server;
mod suites;
mod tidy;
mod wait;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Checks, tests and measures Keypurse")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Install what is missing, then check and run every suite: what CI runs
    Test(suites::Options),
    /// Format, lints, docs, dependency policy and house rules
    Check,
    /// The house rules no other tool knows
    Tidy,
    /// Measure the gateway beside a bare proxy and nginx
    Bench(bench::Options),
    /// Build the program as it is shipped, and print where it is
    Dist(dist::Options),
    /// Run what shows that each row of the scorecard holds, and print them all
    Scorecard(scorecard::Options),
    /// Rewrite the vendored model catalogue and say what changed
    Catalogue(catalogue::Options),
    /// Compare docs/compatibility.md with what the SDK suites promise, or write it
    Compatibility(compatibility::Options),
    /// Take pictures of the dashboard for docs/screenshots
    Screenshots,
    /// Run a small real language model behind Keypurse and prove its charges
    RealModel,
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Test(options) => suites::run(&options),
        Command::Check => succeeded(check::run()),
        Command::Tidy => succeeded(tidy::run()),
        Command::Bench(options) => succeeded(bench::run(&options)),
        Command::Dist(options) => succeeded(dist::run(&options)),
        Command::Scorecard(options) => scorecard::run(&options),
        Command::Catalogue(options) => succeeded(catalogue::run(&options)),
        Command::Compatibility(options) => succeeded(compatibility::run(&options)),
        Command::Screenshots => succeeded(dashboard::take_screenshots()),
        Command::RealModel => succeeded(real_model::run()),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn succeeded(done: anyhow::Result<()>) -> anyhow::Result<ExitCode> {
    done.map(|()| ExitCode::SUCCESS)
}
