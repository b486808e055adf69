//! The `keypurse` binary: command line, configuration and wiring. The only
//! crate that knows everybody.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line prints"
)]

mod api;
mod backup_dir;
mod cli;
mod clock;
mod config;
mod data_dir;
mod hint;
mod key_files;
mod node;
mod system;

use std::process::ExitCode;

use clap::Parser;

use cli::Cli;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    keypurse_store::failpoint::arm();
    let outcome = cli::run(&Cli::parse().command);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            hint::report(&error);
            ExitCode::FAILURE
        }
    }
}
