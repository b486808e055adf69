//! Usage as OpenAI tells it: cached input is part of the prompt.

use keypurse_core::usage::TokenCounts;
use serde_json::{Value, json};

/// The usage object of a chat with these counts. What is written to a cache for
/// an hour is told the way Anthropic does it, which routers pass on.
pub fn write_usage(counts: &TokenCounts) -> Value {
    let written = counts.cache_write.saturating_add(counts.cache_write_long);
    let cached = counts.cached_input.saturating_add(counts.cached_audio);
    let mut usage = json!({
        "prompt_tokens": counts.input,
        "completion_tokens": counts.output,
        "total_tokens": counts.input.saturating_add(counts.output),
        "prompt_tokens_details": { "cached_tokens": cached },
        "completion_tokens_details": { "reasoning_tokens": counts.reasoning },
    });
    if written > 0 {
        usage["prompt_tokens_details"]["cache_write_tokens"] = json!(written);
    }
    if counts.cache_write_long > 0 {
        usage["cache_creation"] = json!({
            "ephemeral_5m_input_tokens": counts.cache_write,
            "ephemeral_1h_input_tokens": counts.cache_write_long,
        });
    }
    let audio = counts.input_audio.saturating_add(counts.cached_audio);
    if audio > 0 {
        let input = &mut usage["prompt_tokens_details"];
        input["audio_tokens"] = json!(audio);
        // Told apart, so that no cached text is taken for audio.
        input["cached_tokens_details"] = json!({ "audio_tokens": counts.cached_audio });
    }
    for (name, tokens) in [
        ("audio_tokens", counts.output_audio),
        ("image_tokens", counts.output_image),
    ] {
        if tokens > 0 {
            usage["completion_tokens_details"][name] = json!(tokens);
        }
    }
    if counts.input_image > 0 {
        usage["prompt_tokens_details"]["image_tokens"] = json!(counts.input_image);
    }
    usage
}

/// The usage object of a response: the same under other names. Its SDKs want
/// the tokens written to a cache told even where there are none.
pub fn write_response_usage(counts: &TokenCounts) -> Value {
    let mut chat = write_usage(counts);
    let mut input = chat["prompt_tokens_details"].take();
    let written = counts.cache_write.saturating_add(counts.cache_write_long);
    input["cache_write_tokens"] = json!(written);
    json!({
        "input_tokens": chat["prompt_tokens"],
        "input_tokens_details": input,
        "output_tokens": chat["completion_tokens"],
        "output_tokens_details": chat["completion_tokens_details"],
        "total_tokens": chat["total_tokens"],
    })
}

#[cfg(test)]
mod tests {
    use keypurse_core::usage::TokenCounts;
    use serde_json::value::RawValue;

    use super::{write_response_usage, write_usage};
    use crate::openai::{read_response_usage, read_usage};

    #[test]
    fn usage_says_the_counts_it_was_made_from() {
        let plain = TokenCounts {
            input: 20,
            output: 7,
            ..TokenCounts::default()
        };
        for counts in [
            plain,
            TokenCounts {
                cached_input: 10,
                cache_write: 3,
                cache_write_long: 4,
                reasoning: 5,
                ..plain
            },
            TokenCounts {
                cached_input: 6,
                cached_audio: 4,
                input_audio: 6,
                input_image: 4,
                output_image: 2,
                ..plain
            },
        ] {
            let written = RawValue::from_string(write_usage(&counts).to_string()).unwrap();
            assert_eq!(read_usage(&written), Ok(counts));
            let written = write_response_usage(&counts).to_string();
            let written = RawValue::from_string(written).unwrap();
            // A response cannot say how long what is written is kept.
            let expected = TokenCounts {
                cache_write: counts.cache_write + counts.cache_write_long,
                cache_write_long: 0,
                ..counts
            };
            assert_eq!(read_response_usage(&written), Ok(expected));
        }
    }
}
