//! What answers about images and sounds say they used.

use keypurse_core::usage::{TokenCounts, Units};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::text::is_object;
use super::usage::ImplausibleUsage;

/// Usage as these routes tell it: in tokens, or in seconds.
#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(default)]
    input_tokens: Option<u64>,
    #[serde(default)]
    output_tokens: Option<u64>,
    /// Image routes.
    #[serde(default)]
    input_tokens_details: Option<Parts>,
    #[serde(default)]
    output_tokens_details: Option<Parts>,
    /// Transcriptions.
    #[serde(default)]
    input_token_details: Option<Parts>,
    /// A duration, perhaps with a fraction.
    #[serde(borrow, default)]
    seconds: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Parts {
    #[serde(default)]
    text_tokens: Option<u64>,
    #[serde(default)]
    image_tokens: Option<u64>,
    #[serde(default)]
    audio_tokens: Option<u64>,
}

impl<'a> Wire<'a> {
    fn read(usage: &'a RawValue) -> Result<Self, ImplausibleUsage> {
        if !is_object(usage.get().as_bytes()) {
            return Err(ImplausibleUsage);
        }
        serde_json::from_str(usage.get()).map_err(|_| ImplausibleUsage)
    }

    fn totals(&self) -> Result<TokenCounts, ImplausibleUsage> {
        Ok(TokenCounts {
            input: self.input_tokens.ok_or(ImplausibleUsage)?,
            output: self.output_tokens.ok_or(ImplausibleUsage)?,
            ..TokenCounts::NONE
        })
    }
}

fn consistent(counts: TokenCounts) -> Result<TokenCounts, ImplausibleUsage> {
    if counts.is_consistent() {
        Ok(counts)
    } else {
        Err(ImplausibleUsage)
    }
}

/// Reads the usage of images made or changed. Output that is not said to be
/// text is images; input read from a cache is counted as read anew, as nobody
/// says whether it was text or images.
pub fn read_image_usage(usage: &RawValue) -> Result<TokenCounts, ImplausibleUsage> {
    let wire = Wire::read(usage)?;
    let counts = wire.totals()?;
    let input = wire.input_tokens_details.as_ref();
    let text = wire
        .output_tokens_details
        .and_then(|parts| parts.text_tokens);
    consistent(TokenCounts {
        input_image: input.and_then(|parts| parts.image_tokens).unwrap_or(0),
        output_image: counts
            .output
            .checked_sub(text.unwrap_or(0))
            .ok_or(ImplausibleUsage)?,
        ..counts
    })
}

/// Reads the usage of a text that was spoken: all output is sound.
pub fn read_speech_usage(usage: &RawValue) -> Result<TokenCounts, ImplausibleUsage> {
    let counts = Wire::read(usage)?.totals()?;
    Ok(TokenCounts {
        output_audio: counts.output,
        ..counts
    })
}

/// Reads the usage of a transcription: its tokens, or the seconds that were
/// listened to, a part of one counted as one. Input that is not said to be
/// text is sound.
pub fn read_transcription_usage(usage: &RawValue) -> Result<TokenCounts, ImplausibleUsage> {
    let wire = Wire::read(usage)?;
    if let Some(seconds) = wire.seconds {
        let input_seconds = whole(seconds.get()).ok_or(ImplausibleUsage)?;
        let units = Units {
            input_seconds,
            ..Units::NONE
        };
        return Ok(TokenCounts {
            units,
            ..TokenCounts::NONE
        });
    }
    let counts = wire.totals()?;
    let parts = wire.input_token_details.as_ref();
    let (text, audio) = (
        parts.and_then(|parts| parts.text_tokens),
        parts.and_then(|parts| parts.audio_tokens),
    );
    let rest = counts.input.checked_sub(text.unwrap_or(0));
    consistent(TokenCounts {
        input_audio: audio.max(rest).ok_or(ImplausibleUsage)?,
        ..counts
    })
}

/// Reads the length a transcription with time stamps tells beside its text, in
/// seconds.
pub fn read_duration(duration: &RawValue) -> Option<u64> {
    whole(duration.get().trim_matches('"'))
}

/// A decimal number's text, rounded up. No float: digits decide.
fn whole(number: &str) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let begun = fraction.bytes().any(|digit| digit != b'0');
    whole.parse::<u64>().ok()?.checked_add(begun.into())
}

#[cfg(test)]
mod tests {
    use keypurse_core::usage::TokenCounts;
    use serde_json::value::RawValue;

    use super::{read_duration, read_image_usage, read_speech_usage, read_transcription_usage};

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    fn tokens(input: u64, output: u64) -> TokenCounts {
        TokenCounts {
            input,
            output,
            ..TokenCounts::NONE
        }
    }

    #[test]
    fn images_are_told_from_text() {
        let usage = raw(
            r#"{"input_tokens":60,"output_tokens":4200,"total_tokens":4260,
                "input_tokens_details":{"text_tokens":10,"image_tokens":50},
                "output_tokens_details":{"text_tokens":40,"image_tokens":4160}}"#,
        );
        let expected = TokenCounts {
            input_image: 50,
            output_image: 4160,
            ..tokens(60, 4200)
        };
        assert_eq!(read_image_usage(&usage), Ok(expected));
        let bare = raw(r#"{"input_tokens":6,"output_tokens":272}"#);
        let expected = TokenCounts {
            output_image: 272,
            ..tokens(6, 272)
        };
        assert_eq!(read_image_usage(&bare), Ok(expected));
        let spoken = TokenCounts {
            output_audio: 272,
            ..tokens(6, 272)
        };
        assert_eq!(read_speech_usage(&bare), Ok(spoken));
    }

    #[test]
    fn a_transcription_tells_tokens_or_seconds() {
        let usage = raw(r#"{"type":"tokens","input_tokens":14,"output_tokens":45,
                "input_token_details":{"text_tokens":4,"audio_tokens":10}}"#);
        let heard = TokenCounts {
            input_audio: 10,
            ..tokens(14, 45)
        };
        assert_eq!(read_transcription_usage(&usage), Ok(heard));
        let bare = raw(r#"{"input_tokens":14,"output_tokens":45}"#);
        let all = TokenCounts {
            input_audio: 14,
            ..tokens(14, 45)
        };
        assert_eq!(read_transcription_usage(&bare), Ok(all));
        for (seconds, expected) in [
            ("9", Some(9)),
            ("9.0", Some(9)),
            ("9.01", Some(10)),
            ("0", Some(0)),
            ("-1", None),
            ("1e3", None),
            ("\"9\"", None),
        ] {
            let usage = raw(&format!(r#"{{"type":"duration","seconds":{seconds}}}"#));
            let told = read_transcription_usage(&usage).ok();
            let told = told.map(|counts| counts.units.input_seconds);
            assert_eq!(told, expected, "{seconds}");
        }
        assert_eq!(read_duration(&raw("\"8.47\"")), Some(9));
        assert_eq!(read_duration(&raw("8.47")), Some(9));
        assert_eq!(read_duration(&raw("null")), None);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for usage in [
            "3",
            "{}",
            r#"{"input_tokens":1}"#,
            r#"{"input_tokens":-1,"output_tokens":1}"#,
            r#"{"input_tokens":1.5,"output_tokens":1}"#,
        ] {
            assert!(read_image_usage(&raw(usage)).is_err(), "{usage}");
            assert!(read_speech_usage(&raw(usage)).is_err(), "{usage}");
            assert!(read_transcription_usage(&raw(usage)).is_err(), "{usage}");
        }
        let parts = r#"{"input_tokens":1,"output_tokens":1,"input_tokens_details":{"image_tokens":2},
            "input_token_details":{"audio_tokens":2}}"#;
        assert!(read_image_usage(&raw(parts)).is_err());
        assert!(read_transcription_usage(&raw(parts)).is_err());
    }
}
