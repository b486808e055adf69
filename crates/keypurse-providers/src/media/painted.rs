//! The most tokens that images come to which a model makes, and those it makes
//! them from, by what their provider publishes.
//!
//! Facts with their sources, as of November 2026. A model is here when OpenAI
//! says how many tokens an image of it has; of others nothing is guessed.

/// What is asked for; `None` and `auto`: whatever the model takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked<'a> {
    /// `low`, `medium`, `high`.
    pub quality: Option<&'a str>,
    /// `1024x1536`.
    pub size: Option<&'a str>,
    /// How many unfinished images a stream shows of each.
    pub partial_images: u64,
}

/// OpenAI, "Image generation", Partial images cost: what each adds.
const PARTIAL_IMAGE: u64 = 100;

/// OpenAI publishes prices and sizes of images, not how many tokens a model
/// that also answers text puts beside them.
const BESIDE: u64 = 1024;

/// Tokens of an image by its size: square, portrait, landscape.
type Sizes = [u64; 3];

const NAMES: [&str; 3] = ["1024x1024", "1024x1536", "1536x1024"];

/// How a model's images are counted.
#[derive(Clone, Copy)]
enum Counted {
    /// By what a table says for low, medium and high quality.
    Table([Sizes; 3]),
    /// By the edges of the image.
    Edges,
}

/// OpenAI, "Image generation", Cost and latency: tokens by quality and size.
const GPT_IMAGE_1: Counted =
    Counted::Table([[272, 408, 400], [1056, 1584, 1568], [4160, 6240, 6208]]);

/// The same page has prices of an image for these two. At the price of a token
/// they come to so many; what the table above says is a little less.
const GPT_IMAGE_1_5: Counted = Counted::Table([
    [282 + BESIDE, 408 + BESIDE, 408 + BESIDE],
    [1063 + BESIDE, 1584 + BESIDE, 1584 + BESIDE],
    [4160 + BESIDE, 6250 + BESIDE, 6250 + BESIDE],
]);
const GPT_IMAGE_1_MINI: Counted =
    Counted::Table([[625, 750, 750], [1375, 1875, 1875], [4500, 6500, 6500]]);

const MODELS: [(&str, Counted); 5] = [
    ("gpt-image-1", GPT_IMAGE_1),
    ("gpt-image-1.5", GPT_IMAGE_1_5),
    ("chatgpt-image-latest", GPT_IMAGE_1_5),
    ("gpt-image-1-mini", GPT_IMAGE_1_MINI),
    ("gpt-image-2", Counted::Edges),
];

/// Whose models are OpenAI's under their own names.
const PROVIDERS: [&str; 2] = ["openai", "azure"];

/// The most output tokens one image can come to. `None` when nothing is
/// published for the model, or for images of this quality or size.
pub fn output_tokens(provider: &str, model: &str, asked: &Asked<'_>) -> Option<u64> {
    let each = match counted(provider, model)? {
        Counted::Table(table) => of_table(&table, asked)?,
        Counted::Edges => of_edges(asked)?.checked_add(BESIDE)?,
    };
    PARTIAL_IMAGE
        .checked_mul(asked.partial_images)?
        .checked_add(each)
}

/// The most input tokens one image to be changed can come to. OpenAI, "Images
/// and vision", Calculating costs: scaled into 2048 pixels, then to a shorter
/// side of 512, 65 tokens and 129 for each tile of 512 × 512; in high fidelity
/// up to 6,240 more. `None` when nothing is published: newer models look
/// closer.
pub fn input_tokens(provider: &str, model: &str) -> Option<u64> {
    const BASE: u64 = 65;
    const TILES: u64 = 4;
    const TILE: u64 = 129;
    const HIGH_FIDELITY: u64 = 6240;
    match counted(provider, model)? {
        Counted::Table(_) => Some(BASE + TILES * TILE + HIGH_FIDELITY),
        Counted::Edges => None,
    }
}

fn counted(provider: &str, model: &str) -> Option<Counted> {
    if !PROVIDERS.contains(&provider) {
        return None;
    }
    let known = MODELS.iter().find(|(id, _)| is_version_of(model, id));
    known.map(|(_, counted)| *counted)
}

/// Whether a name is an id, or one of its dated snapshots.
fn is_version_of(name: &str, id: &str) -> bool {
    let Some(rest) = name.strip_prefix(id) else {
        return false;
    };
    let is_date = |text: &str| {
        text.len() >= 8
            && text
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'-')
    };
    rest.is_empty() || rest.strip_prefix('-').is_some_and(is_date)
}

fn of_table(table: &[Sizes; 3], asked: &Asked<'_>) -> Option<u64> {
    let qualities = match asked.quality {
        Some("low") => &table[..1],
        Some("medium") => &table[1..2],
        None | Some("high" | "auto") => &table[2..],
        Some(_) => return None,
    };
    let sizes = qualities.iter().flat_map(|sizes| NAMES.iter().zip(sizes));
    let possible = sizes.filter(|(name, _)| match asked.size {
        None | Some("auto") => true,
        Some(size) => **name == size,
    });
    possible.map(|(_, tokens)| *tokens).max()
}

/// The longest edge, and the most pixels, of an image.
const LONGEST_EDGE: u64 = 3840;
const MOST_PIXELS: u64 = 8_294_400;

/// The calculator on OpenAI's page "Image generation", Size and quality
/// options: so many steps along the longer edge, in proportion along the
/// shorter one, and their product weighed by the image's area.
fn of_edges(asked: &Asked<'_>) -> Option<u64> {
    let steps: u64 = match asked.quality {
        Some("low") => 16,
        Some("medium") => 48,
        None | Some("high" | "auto") => 96,
        Some(_) => return None,
    };
    // The largest square is the dearest image.
    let largest = (2880, 2880);
    let (width, height) = match asked.size {
        None | Some("auto") => largest,
        Some(size) => edges(size)?,
    };
    let (long, short) = (width.max(height), width.min(height));
    let short_steps = (2 * steps * short + long) / (2 * long);
    let weight = 2_000_000 + width * height;
    Some((steps * short_steps * weight).div_ceil(4_000_000))
}

/// The edges of a size that is allowed.
fn edges(size: &str) -> Option<(u64, u64)> {
    let (width, height) = size.split_once('x')?;
    let edge = |text: &str| {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        let edge: u64 = text.parse().ok().filter(|_| is_number)?;
        (1..=LONGEST_EDGE).contains(&edge).then_some(edge)
    };
    let (width, height) = (edge(width)?, edge(height)?);
    (width * height <= MOST_PIXELS).then_some((width, height))
}

#[cfg(test)]
mod tests {
    use super::{Asked, BESIDE, input_tokens, output_tokens};

    fn most(model: &str, quality: &str, size: &str) -> Option<u64> {
        let stated = |text: &'static str| (!text.is_empty()).then_some(text);
        let asked = Asked {
            quality: stated(Box::leak(quality.to_owned().into_boxed_str())),
            size: stated(Box::leak(size.to_owned().into_boxed_str())),
            partial_images: 0,
        };
        output_tokens("openai", model, &asked)
    }

    #[test]
    fn an_image_has_the_tokens_its_provider_publishes() {
        for (model, quality, size, expected) in [
            ("gpt-image-1", "low", "1024x1024", 272),
            ("gpt-image-1", "medium", "1536x1024", 1568),
            ("gpt-image-1", "high", "1024x1536", 6240),
            ("gpt-image-1-mini", "high", "1024x1024", 4500),
            (
                "gpt-image-1.5-2025-12-16",
                "high",
                "1024x1024",
                4160 + BESIDE,
            ),
            ("gpt-image-2", "high", "1024x1024", 7024 + BESIDE),
            ("gpt-image-2", "high", "1536x1024", 5488 + BESIDE),
            ("gpt-image-2-2026-04-21", "high", "1792x1024", 5063 + BESIDE),
            ("gpt-image-2", "high", "3584x2048", 12_329 + BESIDE),
        ] {
            assert_eq!(most(model, quality, size), Some(expected), "{model} {size}");
        }
    }

    #[test]
    fn what_is_left_to_the_model_has_as_many_as_it_can() {
        for (quality, size) in [("", ""), ("auto", "auto"), ("high", ""), ("", "1024x1536")] {
            assert_eq!(most("gpt-image-1", quality, size), Some(6240));
        }
        assert_eq!(most("gpt-image-1", "low", "auto"), Some(408));
        let largest = most("gpt-image-2", "", "").unwrap();
        for width in (16..=3840).step_by(16) {
            for height in (16..=3840).step_by(16) {
                let tokens = most("gpt-image-2", "high", &format!("{width}x{height}"));
                assert!(tokens.unwrap_or(0) <= largest, "{width} × {height}");
            }
        }
    }

    #[test]
    fn unfinished_images_come_on_top() {
        let asked = Asked {
            quality: Some("low"),
            size: Some("1024x1024"),
            partial_images: 3,
        };
        assert_eq!(output_tokens("azure", "gpt-image-1", &asked), Some(572));
    }

    #[test]
    fn nothing_is_guessed() {
        for (model, quality, size) in [
            ("gpt-image-1", "ultra", "1024x1024"),
            ("gpt-image-1", "high", "512x512"),
            ("gpt-image-2", "max", "1024x1024"),
            ("gpt-image-2", "high", "4096x1024"),
            ("gpt-image-2", "high", "3840x3840"),
            ("gpt-image-2", "high", "0x1024"),
            ("gpt-image-2", "high", "+16x1024"),
            ("gpt-image-2", "high", "1024"),
            ("gpt-image-2.5-flare", "low", "1024x1024"),
            ("gpt-image-20", "low", "1024x1024"),
        ] {
            assert_eq!(most(model, quality, size), None, "{model} {quality} {size}");
        }
        let asked = Asked::default();
        assert_eq!(output_tokens("groq", "gpt-image-1", &asked), None);
        assert_eq!(input_tokens("openai", "gpt-image-1.5"), Some(6821));
        assert_eq!(input_tokens("openai", "gpt-image-2"), None);
    }
}
