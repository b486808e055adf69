//! Uncompressed sound: 24 000 samples a second of 16 bits, one channel, least
//! significant byte first, as OpenAI's `pcm` is.

pub(super) const SAMPLES_A_SECOND: u32 = 24_000;
const SAMPLES_A_MS: u64 = 24;
const BYTES_OF_A_SAMPLE: u16 = 2;
/// A tenth of full.
const LOUDNESS: i64 = 3_000;

/// A triangle wave between 200 and 400 Hz: exact on every machine, as no sine
/// is.
pub(super) fn tone(length_ms: u64, pitch: u64) -> Vec<u8> {
    let period = 60 + i64::try_from(pitch % 61).expect("at most 60");
    let samples = i64::try_from(length_ms * SAMPLES_A_MS).expect("a second at most");
    let sample = |at: i64| {
        let phase = at % period;
        let height = (4 * LOUDNESS * phase / period - 2 * LOUDNESS).abs() - LOUDNESS;
        i16::try_from(height).expect("a tenth of full")
    };
    (0..samples)
        .flat_map(|at| sample(at).to_le_bytes())
        .collect()
}

/// `samples` with the header that says what they are.
pub(super) fn wav(samples: &[u8]) -> Vec<u8> {
    let length = u32::try_from(samples.len()).expect("a second at most");
    let mut wav = Vec::with_capacity(samples.len() + 44);
    wav.extend(b"RIFF");
    wav.extend((36 + length).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16_u32.to_le_bytes());
    // Plain numbers, one channel.
    wav.extend([1_u16, 1].map(u16::to_le_bytes).as_flattened());
    wav.extend(SAMPLES_A_SECOND.to_le_bytes());
    wav.extend((SAMPLES_A_SECOND * u32::from(BYTES_OF_A_SAMPLE)).to_le_bytes());
    wav.extend([BYTES_OF_A_SAMPLE, 16].map(u16::to_le_bytes).as_flattened());
    wav.extend(b"data");
    wav.extend(length.to_le_bytes());
    wav.extend(samples);
    wav
}
