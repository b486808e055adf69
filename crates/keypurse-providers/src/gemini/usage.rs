//! The `usageMetadata` object.
//!
//! `promptTokenCount` has what was read from the cache; thinking is beside
//! `candidatesTokenCount`, and results of tools that ran at the provider are
//! input beside the prompt.

use std::borrow::Cow;

use keypurse_core::usage::TokenCounts;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::openai::ImplausibleUsage;
use crate::openai::text::is_object;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    #[serde(default)]
    prompt_token_count: Option<u64>,
    #[serde(default)]
    candidates_token_count: Option<u64>,
    #[serde(default)]
    thoughts_token_count: Option<u64>,
    #[serde(default)]
    tool_use_prompt_token_count: Option<u64>,
    #[serde(default)]
    cached_content_token_count: Option<u64>,
    #[serde(default)]
    total_token_count: Option<u64>,
    #[serde(borrow, default)]
    prompt_tokens_details: Option<Vec<Modality<'a>>>,
    #[serde(borrow, default)]
    cache_tokens_details: Option<Vec<Modality<'a>>>,
    #[serde(borrow, default)]
    candidates_tokens_details: Option<Vec<Modality<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Modality<'a> {
    #[serde(borrow, default)]
    modality: Cow<'a, str>,
    #[serde(default)]
    token_count: Option<u64>,
}

/// Reads a usage object into token counts whose parts fit their totals. It
/// knows no tier.
pub fn read_usage(usage: &RawValue) -> Result<TokenCounts, ImplausibleUsage> {
    if !is_object(usage.get().as_bytes()) {
        return Err(ImplausibleUsage);
    }
    let wire: Wire<'_> = serde_json::from_str(usage.get()).map_err(|_| ImplausibleUsage)?;
    wire.counts()
        .filter(TokenCounts::is_consistent)
        .ok_or(ImplausibleUsage)
}

impl Wire<'_> {
    fn counts(&self) -> Option<TokenCounts> {
        let prompt = self.prompt_token_count?;
        let input = prompt.checked_add(self.tool_use_prompt_token_count.unwrap_or(0))?;
        let reasoning = self.thoughts_token_count.unwrap_or(0);
        let said = self.candidates_token_count.unwrap_or(0);
        let beyond_input = self.total_token_count.unwrap_or(0).saturating_sub(input);
        let cached = self.cached_content_token_count.unwrap_or(0);
        let of = |details: &Option<Vec<Modality<'_>>>, modality| sum(details.as_deref(), modality);
        let cached_audio = of(&self.cache_tokens_details, "AUDIO")?.min(cached);
        let audio = of(&self.prompt_tokens_details, "AUDIO")?;
        let cached_image = of(&self.cache_tokens_details, "IMAGE")?;
        let image = of(&self.prompt_tokens_details, "IMAGE")?;
        Some(TokenCounts {
            input,
            cached_input: cached - cached_audio,
            cached_audio,
            input_audio: audio.saturating_sub(cached_audio),
            input_image: image.saturating_sub(cached_image),
            output: said.checked_add(reasoning)?.max(beyond_input),
            reasoning,
            output_audio: of(&self.candidates_tokens_details, "AUDIO")?,
            output_image: of(&self.candidates_tokens_details, "IMAGE")?,
            ..TokenCounts::default()
        })
    }
}

/// `None` when it is more than any count.
fn sum(details: Option<&[Modality<'_>]>, modality: &str) -> Option<u64> {
    let details = details.unwrap_or_default().iter();
    let of = details.filter(|detail| detail.modality == modality);
    of.map(|detail| detail.token_count.unwrap_or(0))
        .try_fold(0, u64::checked_add)
}

#[cfg(test)]
mod tests {
    use keypurse_core::usage::TokenCounts;
    use serde_json::value::RawValue;

    use super::read_usage;

    fn raw(usage: &str) -> Box<RawValue> {
        RawValue::from_string(usage.to_owned()).unwrap()
    }

    #[test]
    fn every_count_is_read_and_no_token_is_in_two() {
        let plain = TokenCounts {
            input: 9,
            output: 5,
            ..TokenCounts::default()
        };
        for (usage, expected) in [
            (
                r#"{"promptTokenCount":9,"candidatesTokenCount":5,"totalTokenCount":14}"#,
                plain,
            ),
            (
                r#"{"promptTokenCount":9,"candidatesTokenCount":2,"thoughtsTokenCount":3,
                    "cachedContentTokenCount":4}"#,
                TokenCounts {
                    cached_input: 4,
                    reasoning: 3,
                    ..plain
                },
            ),
            (
                r#"{"promptTokenCount":6,"toolUsePromptTokenCount":3,"totalTokenCount":14}"#,
                plain,
            ),
            (
                r#"{"promptTokenCount":9,"candidatesTokenCount":5,"cachedContentTokenCount":3,
                    "promptTokensDetails":[{"modality":"TEXT","tokenCount":2},
                        {"modality":"AUDIO","tokenCount":4},{"modality":"IMAGE","tokenCount":3}],
                    "cacheTokensDetails":[{"modality":"AUDIO","tokenCount":3}]}"#,
                TokenCounts {
                    cached_audio: 3,
                    input_audio: 1,
                    input_image: 3,
                    ..plain
                },
            ),
        ] {
            assert_eq!(read_usage(&raw(usage)), Ok(expected), "{usage}");
        }
    }

    #[test]
    fn usage_no_provider_could_mean_is_told_apart() {
        for usage in [
            "null",
            "[]",
            "{}",
            r#"{"promptTokenCount":-1}"#,
            r#"{"promptTokenCount":1.5}"#,
            r#"{"promptTokenCount":1,"cachedContentTokenCount":2}"#,
            r#"{"promptTokenCount":18446744073709551615,"toolUsePromptTokenCount":1}"#,
            r#"{"promptTokenCount":1,"candidatesTokenCount":18446744073709551615,"thoughtsTokenCount":1}"#,
        ] {
            assert!(read_usage(&raw(usage)).is_err(), "{usage}");
        }
    }
}
