//! The most input tokens one image can become, from what providers publish.
//!
//! Facts with their sources, as of November 2026. A model is here when its
//! provider says how large an image can get after it was scaled down; of any
//! other model an image can be as large as its input limit. Newer models than
//! the ones named may count differently, so a rule never reaches beyond them.

/// The most tokens of one image, by the detail it is asked to be read in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageTokens {
    /// In `low` detail.
    pub low: u64,
    /// In `high` detail, `auto`, or when nothing is said.
    pub high: u64,
}

/// OpenAI, "Images and vision", Calculating costs. An image is scaled into
/// 2048 × 2048 pixels and then to a shorter side of 768: at most 4 × 2 tiles
/// of 512 × 512, each at so many tokens above a base. In low detail it is the
/// base alone.
const fn tiles(base: u64, tile: u64) -> ImageTokens {
    ImageTokens {
        low: base,
        high: base + 8 * tile,
    }
}

/// The same page: patches of 32 × 32 pixels, scaled down until there are at
/// most 1536, times a factor of the model, here in hundredths. Low detail is
/// no promise there.
const fn patches(hundredths: u64) -> ImageTokens {
    fixed((1536 * hundredths).div_ceil(100))
}

const fn fixed(most: u64) -> ImageTokens {
    ImageTokens {
        low: most,
        high: most,
    }
}

const OPENAI: [(&str, ImageTokens); 13] = [
    ("gpt-4-turbo", tiles(85, 170)),
    ("gpt-4o", tiles(85, 170)),
    ("chatgpt-4o", tiles(85, 170)),
    ("gpt-4o-mini", tiles(2833, 5667)),
    ("gpt-4.1", patches(100)),
    ("gpt-4.1-mini", patches(162)),
    ("gpt-4.1-nano", patches(246)),
    ("gpt-5", tiles(70, 140)),
    ("gpt-5-mini", patches(162)),
    ("gpt-5-nano", patches(246)),
    ("o1", tiles(75, 150)),
    ("o3", tiles(75, 150)),
    ("o4-mini", patches(172)),
];

/// Anthropic, "Vision": scaled to 1568 pixels on the longer side and about
/// 1,600 tokens; from Opus 4.7 on to 2576 pixels and 4,784 tokens.
const ANTHROPIC: [(&str, ImageTokens); 12] = [
    ("claude-3-haiku", fixed(1600)),
    ("claude-3-opus", fixed(1600)),
    ("claude-3-5-sonnet", fixed(1600)),
    ("claude-3-5-haiku", fixed(1600)),
    ("claude-3-7-sonnet", fixed(1600)),
    ("claude-sonnet-4", fixed(1600)),
    ("claude-opus-4", fixed(1600)),
    ("claude-opus-4-1", fixed(1600)),
    ("claude-sonnet-4-5", fixed(1600)),
    ("claude-haiku-4-5", fixed(1600)),
    ("claude-opus-4-5", fixed(1600)),
    ("claude-opus-4-7", fixed(4784)),
];

/// Google, "Media resolution": at most 2,240 tokens of an image, in the
/// highest resolution. Before Gemini 3 there is no published maximum.
const GOOGLE: [(&str, ImageTokens); 3] = [
    ("gemini-3-pro-preview", fixed(2240)),
    ("gemini-3-flash-preview", fixed(2240)),
    ("gemini-3.1-pro-preview", fixed(2240)),
];

/// xAI, "Image understanding": up to six tiles of 448 × 448 pixels and one of
/// the whole, 256 tokens each.
const XAI: [(&str, ImageTokens); 2] = [
    ("grok-2-vision", fixed(7 * 256)),
    ("grok-4", fixed(7 * 256)),
];

/// Mistral, "Vision": scaled into 1024 × 1024 pixels, a token for each 16 × 16
/// of them and a mark after each row.
const MISTRAL: [(&str, ImageTokens); 2] = [
    ("pixtral-12b", fixed(64 * 65)),
    ("pixtral-large", fixed(64 * 65)),
];

type Table = &'static [(&'static str, ImageTokens)];

/// Who serves whose models, and what stands before their names there.
const SERVING: [(&str, &str, Table); 11] = [
    ("openai", "", &OPENAI),
    ("azure", "", &OPENAI),
    ("anthropic", "", &ANTHROPIC),
    ("google", "", &GOOGLE),
    ("xai", "", &XAI),
    ("mistral", "", &MISTRAL),
    ("openrouter", "openai/", &OPENAI),
    ("openrouter", "anthropic/", &ANTHROPIC),
    ("openrouter", "google/", &GOOGLE),
    ("openrouter", "x-ai/", &XAI),
    ("openrouter", "mistralai/", &MISTRAL),
];

/// The most tokens one image can become for a provider's model. `None` when
/// the provider publishes no maximum.
pub fn image_tokens(provider: &str, model: &str) -> Option<ImageTokens> {
    let serving = SERVING.iter().filter(|(name, ..)| *name == provider);
    let mut named =
        serving.filter_map(|(_, before, table)| Some((model.strip_prefix(before)?, *table)));
    named.find_map(|(name, table)| {
        let known = table.iter().filter(|(id, _)| is_version_of(name, id));
        known
            .max_by_key(|(id, _)| id.len())
            .map(|(_, tokens)| *tokens)
    })
}

/// Whether a name is an id, or one of its dated snapshots.
fn is_version_of(name: &str, id: &str) -> bool {
    let Some(rest) = name.strip_prefix(id) else {
        return false;
    };
    let is_date = |text: &str| {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        digits >= 4
            && text
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'-')
    };
    rest.is_empty() || rest == "-latest" || rest.strip_prefix('-').is_some_and(is_date)
}

#[cfg(test)]
mod tests {
    use super::image_tokens;

    #[test]
    fn an_image_has_the_most_tokens_its_provider_publishes() {
        for (provider, model, low, high) in [
            ("openai", "gpt-4o", 85, 1445),
            ("openai", "gpt-4o-2024-08-06", 85, 1445),
            ("openai", "chatgpt-4o-latest", 85, 1445),
            ("openai", "gpt-4o-mini", 2833, 48_169),
            ("openai", "gpt-4.1", 1536, 1536),
            ("openai", "gpt-4.1-mini", 2489, 2489),
            ("openai", "gpt-5", 70, 1190),
            ("openai", "gpt-5-nano", 3779, 3779),
            ("openai", "o3", 75, 1275),
            ("openai", "o4-mini", 2642, 2642),
            ("azure", "gpt-4o", 85, 1445),
            ("openrouter", "openai/gpt-4o", 85, 1445),
            ("anthropic", "claude-sonnet-4-5-20250929", 1600, 1600),
            ("anthropic", "claude-opus-4-7", 4784, 4784),
            ("google", "gemini-3-pro-preview", 2240, 2240),
            ("xai", "grok-4-0709", 1792, 1792),
            ("mistral", "pixtral-12b-2409", 4160, 4160),
        ] {
            let tokens = image_tokens(provider, model).expect(model);
            assert_eq!((tokens.low, tokens.high), (low, high), "{model}");
        }
    }

    #[test]
    fn a_model_nobody_published_a_maximum_for_has_none() {
        for (provider, model) in [
            ("openai", "gpt-5.2"),
            ("openai", "gpt-5.4-mini"),
            ("openai", "gpt-5-pro"),
            ("openai", "gpt-6-sol"),
            ("openai", "gpt-4o-audio-preview"),
            ("google", "gemini-2.5-flash"),
            ("anthropic", "claude-opus-5-5"),
            ("groq", "gpt-4o"),
            ("openrouter", "gpt-4o"),
            ("up", "m"),
        ] {
            assert_eq!(image_tokens(provider, model), None, "{provider}/{model}");
        }
    }
}
