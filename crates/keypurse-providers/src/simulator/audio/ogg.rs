//! Silence as Opus in an Ogg file (RFC 7845, RFC 3533).

/// A packet of 20 ms in which the full-band codec says "silence" (RFC 6716).
const PACKET: [u8; 3] = [0xf8, 0xff, 0xfe];
const PACKET_MS: u64 = 20;
/// Opus counts in samples of 48 kHz, whatever it was made from.
const SAMPLES_A_MS: u64 = 48;

pub(super) fn opus(length_ms: u64) -> Vec<u8> {
    // Version 1, one channel, nothing to skip, made from 24 kHz, no gain.
    let mut head = b"OpusHead\x01\x01\x00\x00".to_vec();
    head.extend(24_000_u32.to_le_bytes());
    head.extend([0, 0, 0]);
    let maker = b"keypurse";
    let mut tags = b"OpusTags".to_vec();
    tags.extend(8_u32.to_le_bytes());
    tags.extend(maker);
    tags.extend(0_u32.to_le_bytes());

    let packets = usize::try_from(length_ms.div_ceil(PACKET_MS)).expect("a second at most");
    let samples = length_ms.div_ceil(PACKET_MS) * PACKET_MS * SAMPLES_A_MS;
    let (first, last) = (0x02, 0x04);
    let mut file = page(first, 0, 0, &[&head]);
    file.extend(page(0, 0, 1, &[&tags]));
    file.extend(page(last, samples, 2, &vec![&PACKET[..]; packets]));
    file
}

/// A page of short packets: at most 255, each of fewer than 255 bytes.
fn page(flags: u8, samples: u64, number: u32, packets: &[&[u8]]) -> Vec<u8> {
    const SERIAL: u32 = 1;
    let length = |packet: &[u8]| u8::try_from(packet.len()).expect("a short packet");
    let mut page = b"OggS\x00".to_vec();
    page.push(flags);
    page.extend(samples.to_le_bytes());
    page.extend(SERIAL.to_le_bytes());
    page.extend(number.to_le_bytes());
    let checksum_at = page.len();
    page.extend([0; 4]);
    page.push(u8::try_from(packets.len()).expect("a second at most"));
    page.extend(packets.iter().map(|packet| length(packet)));
    page.extend(packets.concat());
    let checksum = checksum(&page).to_le_bytes();
    page[checksum_at..checksum_at + 4].copy_from_slice(&checksum);
    page
}

/// Ogg's own: the polynomial of CRC-32, unreflected, from 0.
fn checksum(page: &[u8]) -> u32 {
    page.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| {
            let carry = crc & 0x8000_0000 != 0;
            crc << 1 ^ if carry { 0x04c1_1db7 } else { 0 }
        })
    })
}
