//! Keeps the notes that the next start checks the files against.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::sums::{Sums, renew};
use super::tail::{Progress, Tail};
use super::wal::Wal;
use super::{sums_of, tail_of, with_suffix};

/// Forgets what is noted of a database: somebody with a right to is about to
/// change it without keeping notes. The next start makes them anew.
pub(crate) fn forget(database: &Path) -> io::Result<()> {
    for note in [sums_of(database), tail_of(database)] {
        match fs::remove_file(note) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// The notes, and the files they are about. One thread at a time writes the log
/// back and says so.
#[derive(Debug)]
pub(crate) struct Keeper {
    database: PathBuf,
    tail: File,
    /// SQLite's index of the log: shared memory that is a file.
    index: File,
    /// Whether checksums are kept.
    has_sums: AtomicBool,
}

impl Keeper {
    /// Takes over a database that SQLite has opened.
    pub(crate) fn of(database: &Path) -> io::Result<Self> {
        Ok(Self {
            database: database.to_owned(),
            tail: Tail::open(&tail_of(database))?,
            index: File::open(with_suffix(database, "-shm"))?,
            has_sums: sums_of(database).exists().into(),
        })
    }

    /// Whether the next start can tell damage.
    pub(crate) fn has_sums(&self) -> bool {
        self.has_sums.load(Ordering::Relaxed)
    }

    /// Takes the file as it is for what was written. The log must be empty.
    pub(crate) fn adopt(&self) -> io::Result<()> {
        Sums::of(&self.database)?.create(&sums_of(&self.database))?;
        self.has_sums.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// A commit is on disk.
    pub(crate) fn committed(&self) {
        // Behind is safe, so failing to say so is no reason to stop.
        if let Ok(tail) = Tail::now(&self.index) {
            let _ = tail.write(&self.tail);
        }
    }

    /// How much of the log the database has.
    pub(crate) fn progress(&self) -> io::Result<Progress> {
        Progress::now(&self.index)
    }

    /// A checkpoint has written more back than the database had before; the log
    /// has not been used again yet.
    ///
    /// Checksums that cannot be kept up are given up: wrong ones would keep
    /// the next start from trusting a sound file.
    pub(crate) fn checkpointed(&self, before: io::Result<Progress>) -> io::Result<()> {
        if !self.has_sums() {
            return Ok(());
        }
        let log = with_suffix(&self.database, "-wal");
        let sums = sums_of(&self.database);
        let renewed = before
            .and_then(|before| Ok(before.written_back..self.progress()?.written_back))
            .and_then(|frames| Wal::touched(&log, frames))
            .and_then(|pages| renew(&sums, &self.database, &pages));
        let Err(error) = renewed else { return Ok(()) };
        tracing::warn!(%error, "no checksums are kept until the next start");
        self.has_sums.store(false, Ordering::Relaxed);
        match fs::remove_file(&sums) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            // What is not there cannot be wrong.
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// The log is about to be emptied: it has nothing the database lacks.
    pub(crate) fn emptying(&self) -> io::Result<()> {
        Tail::default().write(&self.tail)?;
        self.tail.sync_data()
    }
}
