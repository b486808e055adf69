//! Every command there is.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use jiff::tz::TimeZone;
use keypurse_store_sqlite::SqliteOptions;

use super::{account, audit, backup, completions, keys, node_command, restore, serve};
use crate::system::SystemClock;

/// Where everything is kept unless told otherwise.
pub(crate) const DEFAULT_DATA_DIR: &str = "keypurse-data";

const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 refused or failed (stderr says why and what helps), 2 not understood.
Data goes to stdout, all else to stderr. NO_COLOR is respected.";

/// Issues API keys for AI, each with a purse.
#[derive(Debug, Parser)]
#[command(name = "keypurse", version, about, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run Keypurse; needs no configuration
    Serve(Box<serve::ServeArgs>),
    #[command(flatten)]
    Node(node_command::NodeCommand),
    /// Prove the books: recompute every balance and charge (works beside a running server)
    Audit(audit::AuditArgs),
    /// Copy database and, if asked, keys to a new folder (works beside a running server)
    Backup(backup::BackupArgs),
    /// Make a data directory from a backup; it spends nothing until acknowledged
    Restore(restore::RestoreArgs),
    /// Replace pepper and master key (works beside a running server)
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Manage accounts (stop the server first)
    #[command(subcommand)]
    Account(account::AccountCommand),
    /// Print a script that completes these commands in a shell
    Completions(completions::CompletionsArgs),
}

/// Does what was typed.
pub(crate) fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Serve(args) => serve::run(args),
        Command::Node(command) => node_command::run(command),
        Command::Audit(args) => audit::run(args),
        Command::Backup(args) => backup::run(args),
        Command::Restore(args) => restore::run(args),
        Command::Keys(command) => keys::run(command),
        Command::Account(command) => account::run(command),
        Command::Completions(args) => completions::run(args),
    }
}

/// How a command line opens a database: its days are those of the server that
/// used it last.
pub(crate) fn options_for(database: PathBuf) -> SqliteOptions {
    SqliteOptions {
        path: database,
        clock: Arc::new(SystemClock),
        zone: TimeZone::unknown(),
    }
}

/// Where the data is.
#[derive(Debug, clap::Args)]
pub(crate) struct DataDirArg {
    /// Folder of the database and the keys
    #[arg(long, env = "KEYPURSE_DATA_DIR", default_value = DEFAULT_DATA_DIR, value_name = "DIR")]
    pub(crate) data_dir: PathBuf,
}
