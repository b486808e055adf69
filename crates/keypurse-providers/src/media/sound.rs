//! How long a sound is, from its file alone.
//!
//! A WAV file of plain samples, an MP3 file and an Opus sound in an OGG file are
//! measured exactly, by what a player makes of them and not by what a header
//! says. Of every other file the bytes are a bound: nothing is compressed
//! further than the lowest bit rate a speech codec in use is published with.

use super::{mp3, opus, wav};

/// Seconds of a sound, a part of one counted as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length {
    /// How many there are at most.
    pub most: u64,
    /// Whether there are as many as that.
    pub is_exact: bool,
}

/// AMR narrow band (3GPP TS 26.090) goes down to 4.75 kbit/s, MP3 (ISO
/// 13818-3) to 8, Opus (RFC 6716) to 6.
const LEAST_BITS_A_SECOND: u64 = 4_750;

/// How long this file plays.
pub fn length(file: &[u8]) -> Length {
    let measured = wav::length(file)
        .or_else(|| mp3::length(file))
        .or_else(|| opus::length(file));
    let exact = measured.map(|(units, rate)| Length {
        most: units.div_ceil(rate),
        is_exact: true,
    });
    exact.unwrap_or_else(|| Length {
        most: bits(file).div_ceil(LEAST_BITS_A_SECOND),
        is_exact: false,
    })
}

fn bits(file: &[u8]) -> u64 {
    u64::try_from(file.len()).expect("a length fits in u64") * 8
}

/// A provider charges no less than so many seconds of a transcription: Groq,
/// "Speech to text", Pricing: 10 seconds.
pub fn least_seconds(provider: &str) -> u64 {
    match provider {
        "groq" => 10,
        _ => 1,
    }
}

/// The most tokens that so many seconds come to. OpenAI, "Realtime costs": 10
/// a second of what is listened to, 20 of what is said. It does not say which
/// of the two its transcriptions have, so that the larger one counts.
pub const TOKENS_A_SECOND: u64 = 20;

/// OpenAI, "Speech to text": what its token-priced models listen to at most.
pub const LONGEST_TRANSCRIPTION_SECONDS: u64 = 1_500;

#[cfg(test)]
mod tests {
    use super::{Length, length};

    #[test]
    fn an_unknown_file_is_no_longer_than_its_bytes_allow() {
        let bound = |most| Length {
            most,
            is_exact: false,
        };
        assert_eq!(length(&[]), bound(0));
        assert_eq!(length(&[7; 1]), bound(1));
        assert_eq!(length(&vec![0; 59_375]), bound(100));
        assert_eq!(length(b"OggS\0\x02"), bound(1));
    }
}
