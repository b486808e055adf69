//! Whether the files are what was written: looked at before a start serves
//! money, because SQLite itself keeps no checksums of its pages and drops
//! what it cannot read at the end of its log without a word.
//!
//! Two small files beside the database make that possible. `.sums` has a
//! checksum of every page of the database file; it is brought up to date after
//! each checkpoint, before the log is used again, so a page is covered by the
//! log's checksums or by ours at every instant. `.tail` says how far the log
//! was when its last commit was answered; it costs no flush, because a process
//! that is killed loses nothing it wrote, and after a power failure it may be
//! behind, never ahead.
//!
//! Nothing here repairs anything. What it finds is for a person.

mod check;
mod keeper;
mod sums;
mod tail;
mod wal;

pub(crate) use check::check;
pub(crate) use keeper::{Keeper, forget};
pub(crate) use tail::Progress;

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// A file that is not what was written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{} is damaged: {what}", file.display())]
pub struct Damage {
    /// Which file.
    pub file: PathBuf,
    /// What was found.
    pub what: String,
}

/// Why the files were not found whole.
#[derive(Debug, Error)]
pub(crate) enum CheckError {
    #[error(transparent)]
    Damage(#[from] Damage),
    #[error("cannot read the database's files")]
    Io(#[from] io::Error),
}

fn damage(file: &Path, what: impl Into<String>) -> CheckError {
    let file = file.to_owned();
    CheckError::Damage(Damage {
        file,
        what: what.into(),
    })
}

/// A file whose name is the database's and this behind it, as SQLite's own.
pub(crate) fn with_suffix(database: &Path, suffix: &str) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

fn sums_of(database: &Path) -> PathBuf {
    database.with_extension("sums")
}

fn tail_of(database: &Path) -> PathBuf {
    database.with_extension("tail")
}
