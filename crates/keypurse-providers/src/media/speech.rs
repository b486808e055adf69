//! The most that a text comes to when it is spoken.

use super::sound::TOKENS_A_SECOND;

/// Nobody publishes how long a spoken text gets. A second for each character
/// is ten times as slow as people talk, and what a model is asked for with
/// "slowly" stays below it.
const SECONDS_A_CHARACTER: u64 = 1;

/// The least that is allowed for: a short text may be spoken with pauses.
const LEAST_SECONDS: u64 = 30;

/// OpenAI, "Create speech": the slowest `speed`, in hundredths.
const SLOWEST: u64 = 25;

/// The most seconds a text of so many characters is spoken in, at a speed in
/// hundredths of the usual.
pub fn seconds(characters: u64, speed_hundredths: u64) -> u64 {
    let usual = characters
        .saturating_mul(SECONDS_A_CHARACTER)
        .max(LEAST_SECONDS);
    let speed = speed_hundredths.max(SLOWEST);
    usual.saturating_mul(100).div_ceil(speed)
}

/// The most output tokens of so many seconds.
pub fn tokens(seconds: u64) -> u64 {
    seconds.saturating_mul(TOKENS_A_SECOND)
}

/// The characters of a text, as providers count them: Unicode code points.
pub fn characters(text: &str) -> u64 {
    u64::try_from(text.chars().count()).expect("a length fits in u64")
}

#[cfg(test)]
mod tests {
    use super::{characters, seconds, tokens};

    #[test]
    fn a_text_is_spoken_in_no_more_than_a_second_a_character() {
        for (count, speed, expected) in [
            (0, 100, 30),
            (29, 100, 30),
            (4096, 100, 4096),
            (100, 50, 200),
            (100, 1, 400),
            (100, 400, 25),
            (u64::MAX, 25, u64::MAX.div_ceil(25)),
        ] {
            assert_eq!(seconds(count, speed), expected, "{count} at {speed}");
        }
        assert_eq!(tokens(30), 600);
        assert_eq!(characters("Grüße 👋"), 7);
    }
}
