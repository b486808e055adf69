//! How far the log was when its last commit was answered.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::wal::{Running, Salts};

const LENGTH: usize = 24;
/// Where SQLite's index of the log keeps what we copy: frames, checksum and
/// salts stand together.
const IN_INDEX: u64 = 16;

/// Where it keeps how many frames are written back.
const WRITTEN_BACK: u64 = 96;

/// How much of the log the database has, by SQLite's own index of it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Progress {
    /// Frames in the log.
    pub(crate) frames: u32,
    /// The first of them that the database has.
    pub(crate) written_back: u32,
}

impl Progress {
    pub(super) fn now(index: &File) -> io::Result<Self> {
        let mut bytes = [0; 4];
        index.read_exact_at(&mut bytes, WRITTEN_BACK)?;
        Ok(Self {
            frames: Tail::now(index)?.frames,
            written_back: u32::from_ne_bytes(bytes),
        })
    }

    /// Frames that the database lacks.
    pub(crate) fn behind(self) -> u32 {
        self.frames.saturating_sub(self.written_back)
    }
}

/// A place in the log that is known to be on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tail {
    pub(super) frames: u32,
    pub(super) running: Running,
    pub(super) salts: Salts,
}

impl Tail {
    /// Reads the file. `Ok(None)`: there is none; `Err` with `InvalidData`: it
    /// is not what was written.
    pub(super) fn read(path: &Path) -> io::Result<Option<Self>> {
        let bytes = match std::fs::read(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            read => read?,
        };
        if bytes.is_empty() {
            return Ok(None);
        }
        let bytes: [u8; LENGTH] = bytes.try_into().map_err(|_| ErrorKind::InvalidData)?;
        let tail = Self::of(&bytes);
        if tail.to_bytes() == bytes {
            Ok(Some(tail))
        } else {
            Err(ErrorKind::InvalidData.into())
        }
    }

    /// Where the log ends, by SQLite's own index of it.
    pub(super) fn now(index: &File) -> io::Result<Self> {
        let mut bytes = [0; 24];
        index.read_exact_at(&mut bytes, IN_INDEX)?;
        let word = |at: usize| {
            u32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        let mut salts = [0; 8];
        salts.copy_from_slice(&bytes[16..]);
        Ok(Self {
            frames: word(0),
            running: [word(8), word(12)],
            salts,
        })
    }

    pub(super) fn write(self, file: &File) -> io::Result<()> {
        file.write_all_at(&self.to_bytes(), 0)
    }

    pub(super) fn open(path: &Path) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        options.open(path)
    }

    fn of(bytes: &[u8; LENGTH]) -> Self {
        let word = |at: usize| {
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        let mut salts = [0; 8];
        salts.copy_from_slice(&bytes[12..20]);
        Self {
            frames: word(0),
            running: [word(4), word(8)],
            salts,
        }
    }

    fn to_bytes(self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        bytes[..4].copy_from_slice(&self.frames.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.running[0].to_le_bytes());
        bytes[8..12].copy_from_slice(&self.running[1].to_le_bytes());
        bytes[12..20].copy_from_slice(&self.salts);
        let sum = crc32fast::hash(&bytes[..20]);
        bytes[20..].copy_from_slice(&sum.to_le_bytes());
        bytes
    }
}
