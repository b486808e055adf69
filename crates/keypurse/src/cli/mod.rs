//! The command line: one file per command.

pub(crate) mod account;
pub(crate) mod audit;
pub(crate) mod audit_log;
pub(crate) mod backup;
pub(crate) mod keys;
pub(crate) mod restore;
pub(crate) mod serve;

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use jiff::tz::TimeZone;
use keypurse_store_sqlite::{AuditKey, SqliteOptions};

use crate::system::SystemClock;

/// Where everything is kept unless told otherwise.
pub(crate) const DEFAULT_DATA_DIR: &str = "keypurse-data";

/// Issues API keys for AI, each with a purse.
#[derive(Debug, Parser)]
#[command(name = "keypurse", version, about, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run Keypurse; needs no configuration
    Serve(Box<serve::ServeArgs>),
    /// Prove the books: recompute every balance and charge (works beside a running server)
    Audit(audit::AuditArgs),
    /// Who changed what: show the audit log, or prove it (works beside a running server)
    #[command(subcommand)]
    AuditLog(audit_log::AuditLogCommand),
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
}

/// How a command line opens a database: its days are those of the server that
/// used it last.
pub(crate) fn options_for(database: PathBuf, audit_key: AuditKey) -> SqliteOptions {
    SqliteOptions {
        path: database,
        clock: Arc::new(SystemClock),
        zone: TimeZone::unknown(),
        audit_key,
    }
}

/// Where the data is.
#[derive(Debug, clap::Args)]
pub(crate) struct DataDirArg {
    /// Folder of the database and the keys
    #[arg(long, env = "KEYPURSE_DATA_DIR", default_value = DEFAULT_DATA_DIR, value_name = "DIR")]
    pub(crate) data_dir: PathBuf,
}
