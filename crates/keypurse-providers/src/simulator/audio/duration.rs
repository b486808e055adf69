//! How long a sound is.

/// Headers of a WAV file that are looked at.
const MOST_CHUNKS: usize = 64;
/// What a second takes where nothing says it: 32 kbit/s, as speech often has.
const BYTES_A_SECOND: u64 = 4_000;
/// A day. More is a header that lies.
const LONGEST_MS: u64 = 24 * 60 * 60 * 1_000;

/// In milliseconds: as a WAV header says, else by the size of the file.
pub(super) fn of(file: &[u8]) -> u64 {
    let guessed = || length_of(file) * 1_000 / BYTES_A_SECOND;
    of_wav(file).unwrap_or_else(guessed).min(LONGEST_MS)
}

fn of_wav(file: &[u8]) -> Option<u64> {
    let mut rest = file
        .strip_prefix(b"RIFF")?
        .get(4..)?
        .strip_prefix(b"WAVE")?;
    let mut bytes_a_second = None;
    for _ in 0..MOST_CHUNKS {
        let (kind, after) = rest.split_first_chunk::<4>()?;
        let (length, after) = after.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length);
        match kind {
            b"fmt " => {
                let rate = after.get(8..12)?.first_chunk::<4>()?;
                bytes_a_second = Some(u32::from_le_bytes(*rate)).filter(|rate| *rate > 0);
            }
            b"data" => {
                // A stream's header does not know how much comes.
                let length = u64::from(length).min(length_of(after));
                return Some(length * 1_000 / u64::from(bytes_a_second?));
            }
            _ => {}
        }
        // Chunks begin at even places.
        let length = usize::try_from(length).ok()?;
        rest = after.get(length.checked_add(length % 2)?..)?;
    }
    None
}

fn length_of(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX / 1_000)
}
