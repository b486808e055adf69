//! Silence, compressed: frames that hold nothing but their own headers, at
//! 24 000 samples a second in one channel.

use super::sound::SAMPLES_A_SECOND;

/// How many frames of so many samples a sound has; the last one is filled up.
fn frames(length_ms: u64, samples: u64) -> u64 {
    (length_ms * u64::from(SAMPLES_A_SECOND)).div_ceil(1_000 * samples)
}

/// MPEG-2 layer III at 32 kbit/s: 96 bytes for 576 samples, whose side
/// information says that no data follows (ISO/IEC 13818-3).
pub(super) fn mp3(length_ms: u64) -> Vec<u8> {
    const HEADER: [u8; 4] = [0xff, 0xf3, 0x44, 0xc4];
    let mut frame = [0; 96];
    frame[..4].copy_from_slice(&HEADER);
    repeated(&frame, frames(length_ms, 576))
}

/// ADTS with low-complexity AAC: one channel element without any band
/// (ISO/IEC 14496-3).
pub(super) fn aac(length_ms: u64) -> Vec<u8> {
    const FRAME: [u8; 11] = [
        0xff, 0xf1, 0x58, 0x40, 0x01, 0x7f, 0xfc, // header: 11 bytes in all
        0x00, 0xc8, 0x00, 0x07, // an element without bands, and the end
    ];
    repeated(&FRAME, frames(length_ms, 1_024))
}

fn repeated(frame: &[u8], times: u64) -> Vec<u8> {
    frame.repeat(usize::try_from(times).expect("a second at most"))
}

/// FLAC: each frame says that all its samples are 0 (RFC 9639).
pub(super) fn flac(length_ms: u64) -> Vec<u8> {
    const SAMPLES: u16 = 576;
    let frames = frames(length_ms, u64::from(SAMPLES));
    let mut flac = b"fLaC".to_vec();
    // The one metadata block: 34 bytes about the stream, and the last.
    flac.extend([0x80, 0, 0, 34]);
    flac.extend([SAMPLES, SAMPLES].map(u16::to_be_bytes).as_flattened());
    // The sizes of frames are not told.
    flac.extend([0; 6]);
    // 20 bits rate, 3 bits channels - 1, 5 bits sample size - 1, 36 bits samples.
    let about = u64::from(SAMPLES_A_SECOND) << 44 | 15 << 36 | (frames * u64::from(SAMPLES));
    flac.extend(about.to_be_bytes());
    // Nor is a checksum of the samples.
    flac.extend([0; 16]);
    for number in 0..frames {
        let number = u8::try_from(number).expect("fewer than 128 in a second");
        // 576 samples at 24 kHz, one channel, 16 bits.
        let mut frame = vec![0xff, 0xf8, 0x27, 0x08, number];
        frame.push(crc8(&frame));
        // A constant subframe: 0.
        frame.extend([0, 0, 0]);
        frame.extend(crc16(&frame).to_be_bytes());
        flac.extend(frame);
    }
    flac
}

fn crc8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ byte, |crc, _| {
            let carry = crc & 0x80 != 0;
            crc << 1 ^ if carry { 0x07 } else { 0 }
        })
    })
}

fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| {
            let carry = crc & 0x8000 != 0;
            crc << 1 ^ if carry { 0x8005 } else { 0 }
        })
    })
}
