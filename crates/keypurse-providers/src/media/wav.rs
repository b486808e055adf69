//! How long a WAV file of plain samples is.

/// Of samples as they are: integers, floats.
const PLAIN: [u16; 2] = [1, 3];
/// The same, told in an extension's first two bytes.
const EXTENSIBLE: u16 = 0xfffe;
const EXTENSION_AT: usize = 24;

/// Blocks of samples, and how many there are in a second. `None` when it is
/// not such a file, or its header and its bytes tell different lengths: what
/// is streamed has no length in its header, and then its bytes count.
pub(super) fn length(file: &[u8]) -> Option<(u64, u64)> {
    let mut rest = file.strip_prefix(b"RIFF")?.get(4..)?;
    rest = rest.strip_prefix(b"WAVE")?;
    let mut format = None;
    loop {
        let (head, body) = rest.split_first_chunk::<8>()?;
        let told = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        let told = usize::try_from(told).ok()?;
        match &head[..4] {
            b"fmt " if format.is_none() => format = Some(Format::read(body.get(..told)?)?),
            b"data" => {
                let is_streamed = matches!(told, 0 | 0xffff_ffff);
                let samples = if is_streamed { body } else { body.get(..told)? };
                let after = &body[samples.len()..];
                return after_samples(after, told)
                    .then(|| format?.length(samples.len()))
                    .flatten();
            }
            b"fmt " => return None,
            _ => {}
        }
        // A chunk of an odd length is followed by a byte that is none.
        rest = body.get(told + told % 2..)?;
    }
}

/// Whether what follows the samples is chunks, none of them more samples.
fn after_samples(mut rest: &[u8], told: usize) -> bool {
    if !rest.is_empty() {
        rest = rest.get(told % 2..).unwrap_or_default();
    }
    while let Some((head, body)) = rest.split_first_chunk::<8>() {
        let told = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        let Ok(told) = usize::try_from(told) else {
            return false;
        };
        let fits = body.len() >= told;
        if &head[..4] == b"data" || !fits {
            return false;
        }
        rest = body.get(told + told % 2..).unwrap_or_default();
    }
    rest.is_empty()
}

struct Format {
    blocks_a_second: u64,
    bytes_a_block: u64,
}

impl Format {
    fn read(chunk: &[u8]) -> Option<Self> {
        let short = |at: usize| {
            let bytes = chunk.get(at..at + 2)?;
            Some(u16::from_le_bytes([bytes[0], bytes[1]]))
        };
        let long = |at: usize| Some(u32::from(short(at)?) | u32::from(short(at + 2)?) << 16);
        let kind = match short(0)? {
            EXTENSIBLE => short(EXTENSION_AT)?,
            kind => kind,
        };
        let (channels, blocks_a_second) = (short(2)?, long(4)?);
        let (bytes_a_second, bytes_a_block, bits) = (long(8)?, short(12)?, short(14)?);
        let block = u32::from(channels) * u32::from(bits.div_ceil(8));
        let agrees = u32::from(bytes_a_block) == block
            && blocks_a_second.checked_mul(block) == Some(bytes_a_second);
        let is_plain = PLAIN.contains(&kind) && bytes_a_second > 0;
        (is_plain && agrees).then_some(Self {
            blocks_a_second: blocks_a_second.into(),
            bytes_a_block: bytes_a_block.into(),
        })
    }

    fn length(&self, samples: usize) -> Option<(u64, u64)> {
        let samples = u64::try_from(samples).ok()?;
        Some((samples.div_ceil(self.bytes_a_block), self.blocks_a_second))
    }
}

#[cfg(test)]
mod tests {
    use super::super::sound;

    /// A mono file of 16-bit samples at 8 kHz.
    fn wav(told: u32, samples: usize, after: &[u8]) -> Vec<u8> {
        let mut file = b"RIFF\0\0\0\0WAVEfmt ".to_vec();
        file.extend(16_u32.to_le_bytes());
        for number in [1_u16, 1] {
            file.extend(number.to_le_bytes());
        }
        file.extend(8_000_u32.to_le_bytes());
        file.extend(16_000_u32.to_le_bytes());
        for number in [2_u16, 16] {
            file.extend(number.to_le_bytes());
        }
        file.extend(b"LIST\x03\0\0\0abc\0data");
        file.extend(told.to_le_bytes());
        file.extend(vec![0; samples]);
        file.extend(after);
        file
    }

    fn check(file: &[u8], seconds: Option<u64>) {
        let length = sound::length(file);
        assert_eq!(length.is_exact.then_some(length.most), seconds);
    }

    #[test]
    fn plain_samples_are_measured_to_the_second_begun() {
        check(&wav(16_000, 16_000, b""), Some(1));
        check(&wav(16_002, 16_002, b""), Some(2));
        check(&wav(0, 32_000, b""), Some(2));
        check(&wav(u32::MAX, 32_000, b""), Some(2));
        check(&wav(16_000, 16_000, b"LIST\x01\0\0\0a\0"), Some(1));
    }

    #[test]
    fn a_header_that_tells_another_length_than_the_bytes_is_not_believed() {
        check(&wav(32_000, 16_000, b""), None);
        check(&wav(2, 2, &[9; 16_000]), None);
        check(&wav(2, 2, b"data\x02\0\0\0ab"), None);
    }

    #[test]
    fn what_is_no_plain_samples_is_not_measured() {
        let changed = |at: usize, byte: u8| {
            let mut file = wav(16_000, 16_000, b"");
            file[at] = byte;
            file
        };
        check(&changed(20, 0x11), None);
        check(&changed(22, 2), None);
        check(&changed(28, 0), None);
        check(&changed(0, b'X'), None);
        for length in 0..44 {
            check(&wav(16_000, 16_000, b"")[..length], None);
        }
    }
}
