//! The `usage` object of an answer.

use keypurse_core::usage::TokenCounts;
use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;

use super::text::is_object;

/// A usage object that no provider could mean: a missing, negative,
/// fractional or textual count, or parts larger than their total.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the provider's usage makes no sense")]
pub struct ImplausibleUsage;

#[derive(Deserialize)]
struct Wire {
    prompt_tokens: u64,
    completion_tokens: u64,
    #[serde(default)]
    total_tokens: Option<u64>,
    #[serde(default)]
    prompt_tokens_details: Option<InputParts>,
    #[serde(default)]
    completion_tokens_details: Option<OutputParts>,
    /// DeepSeek's name for cached input.
    #[serde(default)]
    prompt_cache_hit_tokens: Option<u64>,
    /// Moonshot's and Together's.
    #[serde(default)]
    cached_tokens: Option<u64>,
    /// Anthropic's, which routers in front of it pass on.
    #[serde(default)]
    cache_read_input_tokens: Option<u64>,
    #[serde(default)]
    cache_creation_input_tokens: Option<u64>,
    #[serde(default)]
    cache_creation: Option<CacheCreation>,
}

#[derive(Default, Deserialize)]
struct InputParts {
    #[serde(default)]
    cached_tokens: Option<u64>,
    #[serde(default)]
    cached_tokens_details: Option<CachedParts>,
    #[serde(default)]
    audio_tokens: Option<u64>,
    #[serde(default)]
    image_tokens: Option<u64>,
    /// What routers call tokens written to a provider's cache.
    #[serde(default)]
    cache_write_tokens: Option<u64>,
    #[serde(default)]
    cache_creation_tokens: Option<u64>,
}

#[derive(Default, Deserialize)]
struct CachedParts {
    #[serde(default)]
    audio_tokens: Option<u64>,
}

/// Cache writes by how long they live.
#[derive(Default, Deserialize)]
struct CacheCreation {
    #[serde(default)]
    ephemeral_1h_input_tokens: Option<u64>,
}

#[derive(Default, Deserialize)]
struct OutputParts {
    #[serde(default)]
    reasoning_tokens: Option<u64>,
    #[serde(default)]
    audio_tokens: Option<u64>,
    #[serde(default)]
    image_tokens: Option<u64>,
}

/// Reads a usage object into token counts whose parts fit their totals and do
/// not overlap. It knows no tier, and no price of the call itself.
///
/// Some providers (xAI, Google) leave reasoning out of `completion_tokens` and
/// count it in `total_tokens` alone: what the total has beyond the input is
/// output.
pub fn read_usage(usage: &RawValue) -> Result<TokenCounts, ImplausibleUsage> {
    if !is_object(usage.get().as_bytes()) {
        return Err(ImplausibleUsage);
    }
    let wire: Wire = serde_json::from_str(usage.get()).map_err(|_| ImplausibleUsage)?;
    wire.counts()
}

/// The usage object of a response: the same under other names.
#[derive(Deserialize)]
struct ResponseWire {
    input_tokens: u64,
    output_tokens: u64,
    #[serde(default)]
    total_tokens: Option<u64>,
    #[serde(default)]
    input_tokens_details: Option<InputParts>,
    #[serde(default)]
    output_tokens_details: Option<OutputParts>,
}

/// Reads the usage object of a response, as [`read_usage`] does that of a
/// chat.
pub fn read_response_usage(usage: &RawValue) -> Result<TokenCounts, ImplausibleUsage> {
    if !is_object(usage.get().as_bytes()) {
        return Err(ImplausibleUsage);
    }
    let wire: ResponseWire = serde_json::from_str(usage.get()).map_err(|_| ImplausibleUsage)?;
    let wire = Wire {
        prompt_tokens: wire.input_tokens,
        completion_tokens: wire.output_tokens,
        total_tokens: wire.total_tokens,
        prompt_tokens_details: wire.input_tokens_details,
        completion_tokens_details: wire.output_tokens_details,
        prompt_cache_hit_tokens: None,
        cached_tokens: None,
        cache_read_input_tokens: None,
        cache_creation_input_tokens: None,
        cache_creation: None,
    };
    wire.counts()
}

/// Usage of an answer whose output is not counted: vectors, judgements.
#[derive(Deserialize)]
struct InputWire {
    /// Some tell the total alone.
    #[serde(default)]
    prompt_tokens: Option<u64>,
    #[serde(default)]
    total_tokens: Option<u64>,
}

/// Reads the usage of an answer whose output is not counted: all of it is
/// input.
pub fn read_input_usage(usage: &RawValue) -> Result<TokenCounts, ImplausibleUsage> {
    if !is_object(usage.get().as_bytes()) {
        return Err(ImplausibleUsage);
    }
    let wire: InputWire = serde_json::from_str(usage.get()).map_err(|_| ImplausibleUsage)?;
    let input = wire.prompt_tokens.max(wire.total_tokens);
    Ok(TokenCounts {
        input: input.ok_or(ImplausibleUsage)?,
        ..TokenCounts::default()
    })
}

impl Wire {
    fn counts(self) -> Result<TokenCounts, ImplausibleUsage> {
        let total = self.total_tokens.unwrap_or(0);
        let beyond_input = total.saturating_sub(self.prompt_tokens);
        let completion = self.completion_tokens;
        let parts = self.completion_tokens_details.as_ref();
        let part = |part: Option<Option<u64>>| part.flatten().unwrap_or(0);
        let counts = TokenCounts {
            output: completion.max(beyond_input),
            reasoning: part(parts.map(|parts| parts.reasoning_tokens)),
            output_audio: part(parts.map(|parts| parts.audio_tokens)),
            output_image: part(parts.map(|parts| parts.image_tokens)),
            ..self.input().ok_or(ImplausibleUsage)?
        };
        let is_consistent = counts.is_consistent();
        is_consistent.then_some(counts).ok_or(ImplausibleUsage)
    }

    /// The input and its parts. `None` when they contradict each other.
    fn input(self) -> Option<TokenCounts> {
        let parts = self.prompt_tokens_details.unwrap_or_default();
        let cached = parts
            .cached_tokens
            .or(self.prompt_cache_hit_tokens)
            .or(self.cached_tokens)
            .or(self.cache_read_input_tokens)
            .unwrap_or(0);
        let written = parts
            .cache_write_tokens
            .or(parts.cache_creation_tokens)
            .or(self.cache_creation_input_tokens)
            .unwrap_or(0);
        let long = self.cache_creation.unwrap_or_default();
        let cache_write_long = long.ephemeral_1h_input_tokens.unwrap_or(0);
        let audio = parts.audio_tokens.unwrap_or(0);
        let cached_audio = parts
            .cached_tokens_details
            .and_then(|cached| cached.audio_tokens);
        // Unless it is said how many of the cached tokens were audio, audio is
        // counted as audio: that may cost more than cached text.
        let (cached_input, cached_audio) = match cached_audio {
            None => (cached.saturating_sub(audio), 0),
            Some(cached_audio) => (cached.checked_sub(cached_audio)?, cached_audio),
        };
        let mut counts = TokenCounts {
            input: self.prompt_tokens,
            cached_input,
            cache_write: written.saturating_sub(cache_write_long),
            input_audio: audio.checked_sub(cached_audio)?,
            cached_audio,
            cache_write_long,
            ..TokenCounts::default()
        };
        let others = [
            counts.cached_input,
            counts.cache_write,
            counts.cache_write_long,
            audio,
        ];
        let others = others.into_iter().try_fold(0, u64::checked_add)?;
        let image = parts.image_tokens.unwrap_or(0);
        if image > self.prompt_tokens {
            return None;
        }
        // An image may have come from the cache, too; then it is counted there.
        counts.input_image = image.min(self.prompt_tokens.checked_sub(others)?);
        Some(counts)
    }
}

#[cfg(test)]
mod tests {
    use keypurse_core::usage::TokenCounts;
    use serde_json::value::RawValue;

    use super::{ImplausibleUsage, read_input_usage, read_response_usage, read_usage};

    fn read(usage: &str) -> Result<TokenCounts, ImplausibleUsage> {
        let raw: Box<RawValue> = serde_json::from_str(usage).unwrap();
        read_usage(&raw)
    }

    fn counts(input: u64, cached_input: u64, output: u64, reasoning: u64) -> TokenCounts {
        TokenCounts {
            input,
            cached_input,
            output,
            reasoning,
            ..TokenCounts::default()
        }
    }

    #[test]
    fn usage_is_read_in_every_dialect_we_know() {
        for (usage, expected) in [
            (
                r#"{"prompt_tokens":3,"completion_tokens":5,"total_tokens":8}"#,
                counts(3, 0, 5, 0),
            ),
            (
                r#"{"prompt_tokens":0,"completion_tokens":0}"#,
                counts(0, 0, 0, 0),
            ),
            (
                r#"{"prompt_tokens":9,"completion_tokens":5,"total_tokens":14,
                    "prompt_tokens_details":{"cached_tokens":4,"audio_tokens":null},
                    "completion_tokens_details":{"reasoning_tokens":2}}"#,
                counts(9, 4, 5, 2),
            ),
            (
                r#"{"prompt_tokens":9,"completion_tokens":5,"prompt_tokens_details":null,
                    "prompt_cache_hit_tokens":8,"prompt_cache_miss_tokens":1}"#,
                counts(9, 8, 5, 0),
            ),
            (
                r#"{"prompt_tokens":9,"completion_tokens":5,"total_tokens":34,
                    "completion_tokens_details":{"reasoning_tokens":20}}"#,
                counts(9, 0, 25, 20),
            ),
        ] {
            assert_eq!(read(usage), Ok(expected), "{usage}");
        }
    }

    #[test]
    fn every_class_is_read_and_no_token_is_in_two() {
        for (usage, expected) in [
            (
                r#"{"prompt_tokens":9,"completion_tokens":5,"cached_tokens":7}"#,
                counts(9, 7, 5, 0),
            ),
            (
                r#"{"prompt_tokens":9,"completion_tokens":5,"cache_read_input_tokens":3,
                    "cache_creation_input_tokens":5,
                    "cache_creation":{"ephemeral_5m_input_tokens":4,"ephemeral_1h_input_tokens":1}}"#,
                TokenCounts {
                    cache_write: 4,
                    cache_write_long: 1,
                    ..counts(9, 3, 5, 0)
                },
            ),
            (
                r#"{"prompt_tokens":9,"completion_tokens":5,
                    "prompt_tokens_details":{"cached_tokens":2,"cache_write_tokens":3,"video_tokens":0}}"#,
                TokenCounts {
                    cache_write: 3,
                    ..counts(9, 2, 5, 0)
                },
            ),
            (
                r#"{"prompt_tokens":90,"completion_tokens":50,
                    "prompt_tokens_details":{"text_tokens":60,"audio_tokens":30,"cached_tokens":40},
                    "completion_tokens_details":{"audio_tokens":20,"text_tokens":30,"image_tokens":6}}"#,
                TokenCounts {
                    input_audio: 30,
                    output_audio: 20,
                    output_image: 6,
                    ..counts(90, 10, 50, 0)
                },
            ),
            (
                r#"{"prompt_tokens":90,"completion_tokens":0,
                    "prompt_tokens_details":{"audio_tokens":30,"cached_tokens":40,
                    "cached_tokens_details":{"text_tokens":25,"audio_tokens":15}}}"#,
                TokenCounts {
                    input_audio: 15,
                    cached_audio: 15,
                    ..counts(90, 25, 0, 0)
                },
            ),
            (
                r#"{"prompt_tokens":90,"completion_tokens":0,
                    "prompt_tokens_details":{"text_tokens":10,"image_tokens":80,"cached_tokens":40}}"#,
                TokenCounts {
                    input_image: 50,
                    ..counts(90, 40, 0, 0)
                },
            ),
        ] {
            assert_eq!(read(usage), Ok(expected), "{usage}");
        }
    }

    #[test]
    fn a_response_has_the_same_usage_under_other_names() {
        let read = |usage: &str| {
            let raw: Box<RawValue> = serde_json::from_str(usage).unwrap();
            read_response_usage(&raw)
        };
        let usage = r#"{"input_tokens":9,"input_tokens_details":{"cached_tokens":4},
            "output_tokens":5,"output_tokens_details":{"reasoning_tokens":2},"total_tokens":14}"#;
        assert_eq!(read(usage), Ok(counts(9, 4, 5, 2)));
        for usage in [
            "[]",
            "{}",
            r#"{"input_tokens":9}"#,
            r#"{"prompt_tokens":9,"completion_tokens":5}"#,
            r#"{"input_tokens":9,"output_tokens":-1}"#,
            r#"{"input_tokens":9,"output_tokens":5,"input_tokens_details":{"cached_tokens":10}}"#,
        ] {
            assert_eq!(read(usage), Err(ImplausibleUsage), "{usage}");
        }
    }

    #[test]
    fn where_output_is_not_counted_all_is_input() {
        let read = |usage: &str| {
            let raw: Box<RawValue> = serde_json::from_str(usage).unwrap();
            read_input_usage(&raw).map(|counts| (counts.input, counts.output))
        };
        for (usage, expected) in [
            (r#"{"prompt_tokens":3,"total_tokens":3}"#, Ok((3, 0))),
            (r#"{"prompt_tokens":3}"#, Ok((3, 0))),
            (r#"{"total_tokens":4,"prompt_tokens":null}"#, Ok((4, 0))),
            ("{}", Err(ImplausibleUsage)),
            ("[3]", Err(ImplausibleUsage)),
            (r#"{"prompt_tokens":-3}"#, Err(ImplausibleUsage)),
            (r#"{"prompt_tokens":"3"}"#, Err(ImplausibleUsage)),
        ] {
            assert_eq!(read(usage), expected, "{usage}");
        }
    }

    #[test]
    fn absurd_usage_is_no_usage() {
        for usage in [
            "[]",
            "[3,5]",
            "\"5\"",
            "{}",
            r#"{"prompt_tokens":3}"#,
            r#"{"prompt_tokens":-3,"completion_tokens":5}"#,
            r#"{"prompt_tokens":3,"completion_tokens":-5}"#,
            r#"{"prompt_tokens":3.5,"completion_tokens":5}"#,
            r#"{"prompt_tokens":3,"completion_tokens":"5"}"#,
            r#"{"prompt_tokens":3,"completion_tokens":18446744073709551616}"#,
            r#"{"prompt_tokens":3,"completion_tokens":5,"completion_tokens":6}"#,
            r#"{"prompt_tokens":3,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":4}}"#,
            r#"{"prompt_tokens":3,"completion_tokens":5,"completion_tokens_details":{"reasoning_tokens":6}}"#,
            r#"{"prompt_tokens":3,"completion_tokens":5,"cached_tokens":4}"#,
            r#"{"prompt_tokens":3,"completion_tokens":5,"cached_tokens":-1}"#,
            r#"{"prompt_tokens":3,"completion_tokens":5,"prompt_tokens_details":{"image_tokens":4}}"#,
            r#"{"prompt_tokens":3,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":2,"cache_write_tokens":2}}"#,
            r#"{"prompt_tokens":3,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":1,"cached_tokens_details":{"audio_tokens":2}}}"#,
            r#"{"prompt_tokens":3,"completion_tokens":5,"cache_creation":{"ephemeral_1h_input_tokens":4}}"#,
            r#"{"prompt_tokens":3,"completion_tokens":5,"completion_tokens_details":{"audio_tokens":3,"image_tokens":3}}"#,
        ] {
            assert_eq!(read(usage), Err(ImplausibleUsage), "{usage}");
        }
    }
}
