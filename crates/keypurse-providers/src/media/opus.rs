//! How long an Opus sound in an OGG file is, by counting its packets (RFC 3533,
//! 6716, 7845).

/// Samples a second that every Opus decoder makes.
const RATE: u64 = 48_000;

const PAGE_HEAD: usize = 27;
/// A packet of this many segments' worth goes on in the next segment.
const FULL_SEGMENT: u8 = 255;

/// Samples, and how many of them make a second. `None` when it is not one
/// Opus stream from beginning to end.
pub(super) fn length(file: &[u8]) -> Option<(u64, u64)> {
    let mut packets = Packets::default();
    let (mut rest, mut serial) = (file, None);
    while !rest.is_empty() {
        let head: &[u8; PAGE_HEAD] = rest.first_chunk()?;
        let is_ogg = head.starts_with(b"OggS\0");
        let is_other = serial
            .replace(&head[14..18])
            .is_some_and(|it| it != &head[14..18]);
        if !is_ogg || is_other {
            return None;
        }
        let content = PAGE_HEAD + usize::from(head[26]);
        let table = rest.get(PAGE_HEAD..content)?;
        let length: usize = table.iter().map(|size| usize::from(*size)).sum();
        packets.take_in(table, rest.get(content..content + length)?)?;
        rest = &rest[content + length..];
    }
    // The first two are about the stream.
    (packets.seen > 2).then_some((packets.samples, RATE))
}

/// Packets as they are cut into segments, over pages.
#[derive(Default)]
struct Packets {
    seen: u64,
    samples: u64,
    /// The beginning of a packet whose end has not come.
    begun: Vec<u8>,
}

impl Packets {
    fn take_in(&mut self, table: &[u8], mut content: &[u8]) -> Option<()> {
        for size in table {
            let (segment, rest) = content.split_at_checked(usize::from(*size))?;
            content = rest;
            // Two bytes tell how long a packet plays, eight what a header is.
            if self.begun.len() < 8 {
                self.begun.extend_from_slice(segment);
            }
            if *size < FULL_SEGMENT {
                self.end()?;
            }
        }
        Some(())
    }

    fn end(&mut self) -> Option<()> {
        let packet = std::mem::take(&mut self.begun);
        match self.seen {
            0 => packet.starts_with(b"OpusHead").then_some(())?,
            1 => packet.starts_with(b"OpusTags").then_some(())?,
            _ => self.samples += samples(&packet),
        }
        self.seen += 1;
        Some(())
    }
}

/// What a packet plays, by its first two bytes (RFC 6716, section 3.1); an
/// empty one nothing.
fn samples(packet: &[u8]) -> u64 {
    let Some(first) = packet.first() else {
        return 0;
    };
    let frame = match first >> 3 {
        config @ 0..=11 => [480, 960, 1920, 2880][usize::from(config % 4)],
        config @ 12..=15 => [480, 960][usize::from(config % 2)],
        config => [120, 240, 480, 960][usize::from(config % 4)],
    };
    let frames = match first & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => packet.get(1).map_or(0, |second| u64::from(second & 0x3f)),
    };
    frame * frames
}

#[cfg(test)]
mod tests {
    use super::super::sound;

    fn page(serial: u8, packets: &[&[u8]]) -> Vec<u8> {
        let mut page = b"OggS\0\0".to_vec();
        page.extend([0; 8]);
        page.extend([serial; 4]);
        page.extend([0; 8]);
        page.push(u8::try_from(packets.len()).unwrap());
        page.extend(
            packets
                .iter()
                .map(|packet| u8::try_from(packet.len()).unwrap()),
        );
        page.extend(packets.concat());
        page
    }

    fn head() -> Vec<u8> {
        [page(1, &[b"OpusHead\x01"]), page(1, &[b"OpusTags"])].concat()
    }

    fn check(file: &[u8], seconds: Option<u64>) {
        let length = sound::length(file);
        assert_eq!(length.is_exact.then_some(length.most), seconds);
    }

    #[test]
    fn packets_are_counted_to_the_second_begun() {
        for (packet, count, seconds) in [
            // 20 ms of SILK, one frame.
            (&[0b0000_1000_u8, 1][..], 50, 1),
            (&[0b0000_1000, 1], 51, 2),
            // 60 ms, two frames.
            (&[0b0001_1001, 1], 25, 3),
            // 2.5 ms of CELT, forty frames.
            (&[0b1000_0011, 40], 30, 3),
            // 20 ms hybrid, and nothing at all.
            (&[0b0110_1000], 100, 2),
            (&[], 100, 0),
        ] {
            let packets = vec![packet; count];
            let file = [head(), page(1, &packets)].concat();
            check(&file, Some(seconds));
        }
    }

    #[test]
    fn a_packet_goes_on_over_segments_and_pages() {
        let long = [&[0b0000_1000][..], &[0; 254]].concat();
        let file = [head(), page(1, &[&long]), page(1, &[&long, b"x"])].concat();
        check(&file, Some(1));
    }

    #[test]
    fn what_is_not_one_opus_stream_is_not_measured() {
        check(&page(1, &[b"OpusHead\x01"]), None);
        check(&[head(), page(2, &[&[8, 1]])].concat(), None);
        check(
            &[head(), page(1, &[&[8, 1]]), b"junk".to_vec()].concat(),
            None,
        );
        check(
            &page(1, &[b"\x01vorbis", b"\x03vorbis", b"\x05vorbis"]),
            None,
        );
        let whole = [head(), page(1, &[&[8, 1]])].concat();
        for cut in 0..whole.len() {
            check(&whole[..cut], None);
        }
    }
}
