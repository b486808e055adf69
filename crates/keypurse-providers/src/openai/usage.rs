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
}

#[derive(Default, Deserialize)]
struct InputParts {
    #[serde(default)]
    cached_tokens: Option<u64>,
    #[serde(default)]
    audio_tokens: Option<u64>,
    /// What routers call tokens written to a provider's cache.
    #[serde(default)]
    cache_write_tokens: Option<u64>,
}

#[derive(Default, Deserialize)]
struct OutputParts {
    #[serde(default)]
    reasoning_tokens: Option<u64>,
    #[serde(default)]
    audio_tokens: Option<u64>,
}

/// Reads a usage object into token counts whose parts fit their totals.
///
/// Some providers (xAI, Google) leave reasoning out of `completion_tokens` and
/// count it in `total_tokens` alone: what the total has beyond the input is
/// output.
pub fn read_usage(usage: &RawValue) -> Result<TokenCounts, ImplausibleUsage> {
    if !is_object(usage.get().as_bytes()) {
        return Err(ImplausibleUsage);
    }
    let wire: Wire = serde_json::from_str(usage.get()).map_err(|_| ImplausibleUsage)?;
    let input_parts = wire.prompt_tokens_details.unwrap_or_default();
    let output_parts = wire.completion_tokens_details.unwrap_or_default();
    let beyond_input = wire
        .total_tokens
        .unwrap_or(0)
        .saturating_sub(wire.prompt_tokens);
    let cached = input_parts.cached_tokens.or(wire.prompt_cache_hit_tokens);
    let input_audio = input_parts.audio_tokens.unwrap_or(0);
    let counts = TokenCounts {
        input: wire.prompt_tokens,
        // Nobody says how many of the cached tokens were audio, and those may
        // cost more than cached text: audio is counted as audio.
        cached_input: cached.unwrap_or(0).saturating_sub(input_audio),
        cache_write: input_parts.cache_write_tokens.unwrap_or(0),
        input_audio,
        output: wire.completion_tokens.max(beyond_input),
        reasoning: output_parts.reasoning_tokens.unwrap_or(0),
        output_audio: output_parts.audio_tokens.unwrap_or(0),
    };
    if counts.is_consistent() {
        Ok(counts)
    } else {
        Err(ImplausibleUsage)
    }
}

#[cfg(test)]
mod tests {
    use keypurse_core::usage::TokenCounts;
    use serde_json::value::RawValue;

    use super::{ImplausibleUsage, read_usage};

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
        ] {
            assert_eq!(read(usage), Err(ImplausibleUsage), "{usage}");
        }
    }
}
