//! The `keypurse` binary: command line, configuration and wiring. The only
//! crate that knows everybody.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line prints"
)]

mod backup_dir;
mod cli;
mod clock;
mod config;
mod data_dir;
mod hint;
mod key_files;
mod log;
mod node;
mod system;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command, account, audit, audit_log, backup, keys, restore, serve};

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    keypurse_store::failpoint::arm();
    let outcome = match Cli::parse().command {
        Command::Serve(args) => serve::run(&args),
        Command::Audit(args) => audit::run(&args),
        Command::AuditLog(command) => audit_log::run(&command),
        Command::Backup(args) => backup::run(&args),
        Command::Restore(args) => restore::run(&args),
        Command::Keys(command) => keys::run(&command),
        Command::Account(command) => account::run(&command),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            hint::report(&error);
            ExitCode::FAILURE
        }
    }
}
