//! SQLite's log, read as its documentation of the file format has it.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// The last bit says in which byte order checksums are computed.
const MAGIC: u32 = 0x377f_0682;

/// What tells one filling of the log from the next: the first number grows by
/// one each time, the second is random.
pub(super) type Salts = [u8; 8];

/// A checksum that runs on from frame to frame.
pub(super) type Running = [u32; 2];

/// What a log holds.
#[derive(Debug)]
pub(super) struct Wal {
    pub(super) salts: Salts,
    /// Whether the header is as it was written.
    pub(super) has_header: bool,
    /// The running checksum after each good frame.
    pub(super) running: Vec<Running>,
    /// Good frames up to the last commit among them.
    pub(super) committed: usize,
    /// Pages in those.
    pub(super) pages: HashSet<u32>,
    /// Commits of this filling behind the first bad frame.
    pub(super) lost_commits: usize,
    /// Whether frames of this filling follow the first of those.
    pub(super) is_broken_inside: bool,
}

struct Frame {
    page: u32,
    commits: bool,
    salts: Salts,
    running: Running,
}

impl Wal {
    /// Reads a log to its end. `None`: there is none, or nothing in it.
    pub(super) fn read(path: &Path) -> io::Result<Option<Self>> {
        let file = match File::open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let mut log = BufReader::with_capacity(1 << 20, file);
        let mut header = [0; HEADER];
        if !fill(&mut log, &mut header)? {
            return Ok(None);
        }
        let salts = salts_at(&header, 16);
        let big_endian = word(&header, 0) & 1 == 1;
        let mut running = sum([0, 0], &header[..24], big_endian);
        let stored = [word(&header, 24), word(&header, 28)];
        let has_header = word(&header, 0) & !1 == MAGIC && running == stored;
        let mut wal = Self {
            salts,
            has_header,
            running: Vec::new(),
            committed: 0,
            pages: HashSet::new(),
            lost_commits: 0,
            is_broken_inside: false,
        };
        let mut buffer = vec![0; FRAME_HEADER + page_size(&header).unwrap_or(4096)];
        let mut since_commit = Vec::new();
        let mut is_good = has_header;
        while fill(&mut log, &mut buffer)? {
            let frame = Frame::of(&buffer);
            if frame.salts != wal.salts {
                is_good = false;
                continue;
            }
            let next = sum(
                sum(running, &buffer[..8], big_endian),
                &buffer[FRAME_HEADER..],
                big_endian,
            );
            if is_good && next == frame.running && frame.page > 0 {
                running = next;
                wal.running.push(next);
                since_commit.push(frame.page);
                if frame.commits {
                    wal.committed = wal.running.len();
                    wal.pages.extend(since_commit.drain(..));
                }
                continue;
            }
            is_good = false;
            wal.is_broken_inside |= wal.lost_commits > 0;
            wal.lost_commits += usize::from(frame.commits);
        }
        Ok(Some(wal))
    }

    /// Pages in these frames, counted from 0: what a checkpoint of them wrote.
    pub(super) fn touched(path: &Path, frames: Range<u32>) -> io::Result<HashSet<u32>> {
        if frames.is_empty() {
            return Ok(HashSet::new());
        }
        let log = File::open(path)?;
        let mut header = [0; HEADER];
        log.read_exact_at(&mut header, 0)?;
        let size = FRAME_HEADER + page_size(&header).unwrap_or(4096);
        let mut number = [0; 4];
        frames
            .map(|frame| {
                log.read_exact_at(&mut number, HEADER as u64 + u64::from(frame) * size as u64)?;
                Ok(word(&number, 0))
            })
            .collect()
    }
}

impl Frame {
    fn of(bytes: &[u8]) -> Self {
        Self {
            page: word(bytes, 0),
            commits: word(bytes, 4) > 0,
            salts: salts_at(bytes, 8),
            running: [word(bytes, 16), word(bytes, 20)],
        }
    }
}

/// Whether filling `newer` came after `older`.
pub(super) fn is_later(newer: Salts, older: Salts) -> bool {
    let ahead = word(&newer, 0).wrapping_sub(word(&older, 0));
    (1..1 << 31).contains(&ahead)
}

fn page_size(header: &[u8]) -> Option<usize> {
    let size = word(header, 8);
    (size.is_power_of_two() && (512..=65_536).contains(&size)).then_some(size as usize)
}

/// SQLite's checksum of an even number of words.
fn sum(mut running: Running, bytes: &[u8], big_endian: bool) -> Running {
    for pair in bytes.chunks_exact(8) {
        let at = |index: usize| {
            let bytes = [
                pair[index],
                pair[index + 1],
                pair[index + 2],
                pair[index + 3],
            ];
            if big_endian {
                u32::from_be_bytes(bytes)
            } else {
                u32::from_le_bytes(bytes)
            }
        };
        running[0] = running[0].wrapping_add(at(0)).wrapping_add(running[1]);
        running[1] = running[1].wrapping_add(at(4)).wrapping_add(running[0]);
    }
    running
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn salts_at(bytes: &[u8], at: usize) -> Salts {
    let mut salts = [0; 8];
    salts.copy_from_slice(&bytes[at..at + 8]);
    salts
}

/// Fills the buffer, or says that the file ends before.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
