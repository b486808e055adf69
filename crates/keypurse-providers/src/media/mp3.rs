//! How long an MP3 file is, by counting its frames (ISO 11172-3, 13818-3).

/// Parts of a second that every rate of samples divides: a frame's length is
/// exact in them.
const PARTS: u64 = 14_112_000;

const TAG_HEAD: usize = 10;
const TAG_AT_END: usize = 128;

/// Parts of a second, and how many of them make one. `None` when it is not
/// frames from beginning to end, tags aside: then nobody knows what a player
/// makes of it.
pub(super) fn length(file: &[u8]) -> Option<(u64, u64)> {
    let mut rest = after_tags(file)?;
    if rest.is_empty() {
        return None;
    }
    let mut parts = 0;
    while !rest.is_empty() {
        let frame = Frame::read(*rest.first_chunk()?)?;
        parts += frame.samples * (PARTS / frame.samples_a_second);
        // The last frame may be cut short.
        rest = rest.get(frame.bytes..).unwrap_or_default();
        if rest.len() == TAG_AT_END && rest.starts_with(b"TAG") {
            break;
        }
    }
    Some((parts, PARTS))
}

/// The file after its ID3v2 tags.
fn after_tags(mut file: &[u8]) -> Option<&[u8]> {
    while file.starts_with(b"ID3") {
        let head = file.get(..TAG_HEAD)?;
        let size = head[6..].iter().try_fold(0_usize, |size, byte| {
            (*byte < 0x80).then(|| size << 7 | usize::from(*byte))
        });
        file = file.get(TAG_HEAD + size?..)?;
    }
    Some(file)
}

struct Frame {
    bytes: usize,
    samples: u64,
    samples_a_second: u64,
}

/// Kilobits a second by the header's four bits; of version 1, and of 2 and
/// 2.5. 0 and 15 are not allowed: free format and nothing.
const VERSION_1: [u32; 14] = [
    32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
];
const VERSION_2: [u32; 14] = [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];

impl Frame {
    fn read(head: [u8; 4]) -> Option<Self> {
        let [first, kind, rates, _] = head;
        let is_layer_3 = first == 0xff && kind & 0xe6 == 0xe2;
        let version = kind >> 3 & 3;
        if !is_layer_3 || version == 1 {
            return None;
        }
        let halvings = match version {
            3 => 0,
            2 => 1,
            _ => 2,
        };
        let full_rate: u32 = match rates >> 2 & 3 {
            0 => 44_100,
            1 => 48_000,
            2 => 32_000,
            _ => return None,
        };
        let (table, samples) = if version == 3 {
            (VERSION_1, 1152)
        } else {
            (VERSION_2, 576)
        };
        let kilobits = *table.get(usize::from(rates >> 4).checked_sub(1)?)?;
        let samples_a_second = full_rate >> halvings;
        let padding = u32::from(rates >> 1 & 1);
        let bytes = samples / 8 * kilobits * 1000 / samples_a_second + padding;
        Some(Self {
            bytes: usize::try_from(bytes).ok()?,
            samples: samples.into(),
            samples_a_second: samples_a_second.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::sound;

    /// A frame of version 1 at 128 kbit/s and 44.1 kHz: 417 bytes, 1152 samples.
    fn frames(count: usize) -> Vec<u8> {
        let mut frame = vec![0; 417];
        frame[..4].copy_from_slice(&[0xff, 0xfb, 0x90, 0]);
        frame.repeat(count)
    }

    fn check(file: &[u8], seconds: Option<u64>) {
        let length = sound::length(file);
        assert_eq!(length.is_exact.then_some(length.most), seconds);
    }

    #[test]
    fn frames_are_counted_to_the_second_begun() {
        check(&frames(38), Some(1));
        check(&frames(39), Some(2));
        check(&frames(383), Some(11));
        let tagged = [b"ID3\x04\0\0\0\0\0\x03abc".as_slice(), &frames(38)].concat();
        check(&tagged, Some(1));
        let mut tag_at_end = frames(38);
        tag_at_end.extend(b"TAG");
        tag_at_end.extend([0; 125]);
        check(&tag_at_end, Some(1));
        check(&frames(39)[..417 * 38 + 100], Some(2));
    }

    #[test]
    fn slower_versions_have_shorter_frames() {
        // 8 kbit/s at 24 kHz: 24 bytes, 576 samples, 24 ms.
        let mut frame = [0; 24];
        frame[..4].copy_from_slice(&[0xff, 0xf3, 0x14, 0]);
        check(&frame.repeat(41), Some(1));
        check(&frame.repeat(42), Some(2));
    }

    #[test]
    fn anything_between_the_frames_leaves_a_bound_by_bytes() {
        check(&[frames(3), vec![0; 10], frames(3)].concat(), None);
        check(&[vec![0; 10], frames(3)].concat(), None);
        check(b"ID3\x04\0\0\0\0\0\0", None);
        check(b"ID3\x04\0\0\0\0\xff\0", None);
        check(&[0xff, 0xfb, 0x00, 0], None);
        check(&[0xff, 0xfb, 0xf0, 0], None);
    }
}
