//! A checksum of every page of the database file.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// SQLite's default, which the schema does not change.
pub(super) const PAGE: usize = 4096;
const MAGIC: &[u8; 8] = b"KPSUMS01";
const SUM: usize = 4;
/// The file grows by this many sums at once, so that it seldom needs space.
const STEP: usize = 16 << 10;

/// Sums of pages, page 1 first; 0 where none is known.
#[derive(Debug, Default)]
pub(super) struct Sums {
    sums: Vec<u32>,
}

impl Sums {
    /// Reads the file; `None`: there is none. A file that is none of ours is
    /// `InvalidData`.
    pub(super) fn read(path: &Path) -> io::Result<Option<Self>> {
        let bytes = match fs::read(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            read => read?,
        };
        let sums = bytes.strip_prefix(MAGIC).ok_or(ErrorKind::InvalidData)?;
        let sums = sums.chunks_exact(SUM);
        if !sums.remainder().is_empty() {
            return Err(ErrorKind::InvalidData.into());
        }
        let sums = sums.map(|sum| u32::from_le_bytes([sum[0], sum[1], sum[2], sum[3]]));
        let sums = sums.collect();
        Ok(Some(Self { sums }))
    }

    /// Sums of a database file as it is.
    pub(super) fn of(database: &Path) -> io::Result<Self> {
        let mut sums = Vec::new();
        let mut file = BufReader::with_capacity(1 << 20, File::open(database)?);
        let mut page = [0; PAGE];
        loop {
            match file.read_exact(&mut page) {
                Ok(()) => sums.push(sum(&page)),
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                    return Ok(Self { sums });
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The first page that differs from a file's, pages in the log aside.
    pub(super) fn first_difference(&self, found: &Self, in_log: &HashSet<u32>) -> Option<usize> {
        let last = self.sums.len().max(found.sums.len());
        (0..last)
            .filter(|index| u32::try_from(index + 1).is_ok_and(|page| !in_log.contains(&page)))
            .find(|index| self.at(*index) != found.at(*index))
            .map(|index| index + 1)
    }

    fn at(&self, index: usize) -> u32 {
        self.sums.get(index).copied().unwrap_or(0)
    }

    /// Writes the file anew, whole or not at all.
    pub(super) fn create(&self, path: &Path) -> io::Result<()> {
        let unfinished = path.with_extension("sums-new");
        let mut file = File::create(&unfinished)?;
        let mut bytes = MAGIC.to_vec();
        for sum in &self.sums {
            bytes.extend(sum.to_le_bytes());
        }
        bytes.resize(length(self.sums.len()), 0);
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)
    }
}

/// Takes up what a checkpoint wrote to these pages. On disk when this returns.
pub(super) fn renew(path: &Path, database: &Path, pages: &HashSet<u32>) -> io::Result<()> {
    if pages.is_empty() {
        return Ok(());
    }
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let database = File::open(database)?;
    let mut page = [0; PAGE];
    let mut pages: Vec<u32> = pages.iter().copied().filter(|page| *page > 0).collect();
    pages.sort_unstable();
    let highest = pages.last().copied().unwrap_or(0) as usize;
    if file.metadata()?.len() < length(highest) as u64 {
        let from = file.metadata()?.len();
        let missing = length(highest) as u64 - from;
        file.write_all_at(&vec![0; usize::try_from(missing).unwrap_or(0)], from)?;
    }
    for number in pages {
        let index = u64::from(number - 1);
        match database.read_exact_at(&mut page, index * PAGE as u64) {
            // Its turn to be written back has not come.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => continue,
            read => read?,
        }
        let at = MAGIC.len() as u64 + index * SUM as u64;
        file.write_all_at(&sum(&page).to_le_bytes(), at)?;
    }
    file.sync_data()
}

/// How long a file with so many sums is.
fn length(sums: usize) -> usize {
    MAGIC.len() + sums.next_multiple_of(STEP) * SUM
}

/// Never 0, which says that no sum is known.
fn sum(page: &[u8; PAGE]) -> u32 {
    crc32fast::hash(page).max(1)
}
