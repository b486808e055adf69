//! A copy of the database as it was at one instant, beside a live server.
//!
//! In one step: SQLite then reads one snapshot. The writer is not blocked, and
//! its log grows by what is written meanwhile, no more. Copying a few pages at
//! a time would start over with every commit and never end under load;
//! `VACUUM INTO` takes twice as long and makes commits wait more.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use thiserror::Error;

use crate::audit::{AuditError, AuditReport, audit};
use crate::migrations;
use crate::open::open_reader;

/// A copy was not made.
#[derive(Debug, Error)]
pub enum CopyError {
    /// SQLite failed.
    #[error("the database cannot be copied")]
    Sqlite(#[from] rusqlite::Error),
    /// Another connection kept the source to itself.
    #[error("the database is locked by another program")]
    Locked,
    /// The copy cannot be made safe on disk.
    #[error("the copy cannot be written to disk")]
    Disk(#[from] std::io::Error),
}

/// Copies a database into a file only its owner can read; an unfinished copy
/// that is there already is written anew.
pub(crate) fn copy_private(from: &Path, to: &Path) -> Result<(), CopyError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    drop(options.open(to)?);
    copy_database(from, to)
}

/// Copies a database into a new, empty file; on disk when this returns.
pub fn copy_database(from: &Path, to: &Path) -> Result<(), CopyError> {
    let source = open_reader(from)?;
    let mut target = Connection::open(to)?;
    // Nobody relies on the copy before it is whole.
    target.pragma_update(None, "synchronous", "OFF")?;
    // One file, no log beside it: whoever moves it moves everything.
    match Backup::new(&source, &mut target)?.step(-1)? {
        StepResult::Done => {}
        _ => return Err(CopyError::Locked),
    }
    target.pragma_update(None, "journal_mode", "DELETE")?;
    target.close().map_err(|(_, error)| error)?;
    File::open(to)?.sync_all()?;
    Ok(())
}

/// Checks every page and every index of a database, and proves its books.
pub fn verify(path: &Path) -> Result<AuditReport, AuditError> {
    let connection = open_reader(path)?;
    let verdict: String =
        connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    drop(connection);
    if verdict != "ok" {
        return Err(AuditError::Difference(verdict));
    }
    audit(path)
}

/// The schema a database has.
pub fn schema_of(path: &Path) -> rusqlite::Result<u32> {
    migrations::found(&open_reader(path)?)
}

/// The newest schema this program knows.
pub fn newest_schema() -> u32 {
    migrations::newest()
}
