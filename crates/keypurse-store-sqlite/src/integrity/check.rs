//! The look at the files before SQLite opens them.

use std::io::{self, ErrorKind};
use std::path::Path;

use super::sums::{PAGE, Sums};
use super::tail::Tail;
use super::wal::{Wal, is_later};
use super::{CheckError, damage, sums_of, tail_of, with_suffix};

/// Whether a database's files are what was written, as far as that is known:
/// before their first checksums were made, nothing is.
pub(crate) fn check(database: &Path) -> Result<(), CheckError> {
    let sums_path = sums_of(database);
    let known = match Sums::read(&sums_path) {
        Err(error) if is_nonsense(&error) => {
            return Err(damage(&sums_path, "it is no list of checksums"));
        }
        read => read?,
    };
    let Some(known) = known else { return Ok(()) };
    let log = with_suffix(database, "-wal");
    let wal = Wal::read(&log)?;
    log_is_whole(database, &log, wal.as_ref())?;
    let length = match std::fs::metadata(database) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(damage(
                database,
                "it is missing, and its checksums are there",
            ));
        }
        file => file?.len(),
    };
    let pages = wal.map(|wal| wal.pages).unwrap_or_default();
    if let Some(page) = known.first_difference(&Sums::of(database)?, &pages) {
        let what = if (page as u64) * PAGE as u64 > length {
            format!("it ends before page {page}")
        } else {
            format!("page {page} (of 4,096 bytes) is not as it was written")
        };
        return Err(damage(database, what));
    }
    Ok(())
}

/// Every commit that was answered is in the log, as far as the log goes.
fn log_is_whole(database: &Path, log: &Path, wal: Option<&Wal>) -> Result<(), CheckError> {
    let tail_path = tail_of(database);
    let tail = match Tail::read(&tail_path) {
        Err(error) if is_nonsense(&error) => {
            return Err(damage(&tail_path, "its checksum is wrong"));
        }
        read => read?.unwrap_or_default(),
    };
    // A commit is flushed before the next is written: a crash tears one at most.
    if let Some(wal) = wal
        && (wal.lost_commits > 1 || wal.is_broken_inside)
    {
        let frame = wal.committed + 1;
        let what = format!("commits follow frame {frame}, which is not as it was written");
        return Err(damage(log, what));
    }
    if tail.frames == 0 {
        return Ok(());
    }
    let Some(wal) = wal else {
        let what = format!(
            "it is missing or empty, and {} frames were in it",
            tail.frames
        );
        return Err(damage(log, what));
    };
    if !wal.has_header {
        return Err(damage(log, "its header is not as it was written"));
    }
    if wal.salts != tail.salts {
        // A filling later than the note: its first commit, or a power failure.
        if is_later(wal.salts, tail.salts) {
            return Ok(());
        }
        return Err(damage(log, "it is older than what was committed"));
    }
    let last = tail.frames as usize;
    if wal.committed < last || wal.running[last - 1] != tail.running {
        let what = format!(
            "{last} frames were committed, and only {} are as they were written",
            wal.committed.min(last)
        );
        return Err(damage(log, what));
    }
    Ok(())
}

fn is_nonsense(error: &io::Error) -> bool {
    error.kind() == ErrorKind::InvalidData
}
