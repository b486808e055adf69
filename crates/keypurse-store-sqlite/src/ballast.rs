//! Space kept for the day the disk is full: a file that is deleted then, so
//! that running calls can still be settled.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

/// Enough to settle thousands of calls, which the log's reuse stretches
/// further.
const BYTES: usize = 4 << 20;
/// Has to fit as well before there is room again: else one commit would fill
/// the disk anew.
const HEADROOM: usize = 1 << 20;
const PIECE: usize = 64 << 10;

/// Whether the disk has room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// The ballast is there, or something else than space keeps it from being.
    Enough,
    /// It does not fit.
    Short,
}

/// The file, there or not.
#[derive(Debug)]
pub(crate) struct Ballast {
    path: PathBuf,
}

impl Ballast {
    /// The ballast of a database.
    pub(crate) fn beside(database: &Path) -> Self {
        Self {
            path: database.with_extension("ballast"),
        }
    }

    /// Sets the space aside if it is not yet.
    pub(crate) fn restore(&self) -> Room {
        let wanted = BYTES as u64;
        if fs::metadata(&self.path).is_ok_and(|file| file.len() == wanted) {
            return Room::Enough;
        }
        match self.write() {
            Ok(()) => Room::Enough,
            Err(error) if is_space(&error) => {
                self.free();
                Room::Short
            }
            Err(error) => {
                tracing::warn!(
                    %error,
                    "{} cannot be written: nothing is kept for a full disk",
                    self.path.display()
                );
                Room::Enough
            }
        }
    }

    /// Gives the space back. Returns whether there was any.
    pub(crate) fn free(&self) -> bool {
        fs::remove_file(&self.path).is_ok()
    }

    fn write(&self) -> io::Result<()> {
        let mut file = File::create(&self.path)?;
        let length = (BYTES + HEADROOM) as u64;
        match fallocate(&file, FallocateFlags::empty(), 0, length) {
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => fill(&mut file)?,
            allocated => allocated?,
        }
        file.set_len(BYTES as u64)
    }
}

/// Writes bytes that no file system stores in less, where it cannot be told to
/// set space aside.
fn fill(file: &mut File) -> io::Result<()> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut piece = Vec::with_capacity(PIECE);
    for _ in 0..(BYTES + HEADROOM) / PIECE {
        piece.clear();
        while piece.len() < PIECE {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            piece.extend(state.to_le_bytes());
        }
        file.write_all(&piece)?;
    }
    file.sync_data()
}

fn is_space(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge
    )
}

#[cfg(test)]
mod tests {
    use super::{BYTES, Ballast, HEADROOM, Room, fill};

    #[test]
    fn the_ballast_is_written_once_and_freed_once() {
        let folder = tempfile::tempdir().unwrap();
        let ballast = Ballast::beside(&folder.path().join("keypurse.db"));
        assert_eq!(ballast.restore(), Room::Enough);
        let file = folder.path().join("keypurse.ballast");
        assert_eq!(file.metadata().unwrap().len(), BYTES as u64);
        assert_eq!(ballast.restore(), Room::Enough);
        assert!(ballast.free());
        assert!(!file.exists() && !ballast.free());
    }

    #[test]
    fn without_a_way_to_set_space_aside_it_is_filled() {
        let mut file = tempfile::tempfile().unwrap();
        fill(&mut file).unwrap();
        assert_eq!(file.metadata().unwrap().len(), (BYTES + HEADROOM) as u64);
    }
}
