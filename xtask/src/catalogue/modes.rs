//! What a model does, when the limits do not say, and what its price hides.

use keypurse_providers::catalogue::Mode;

/// Parts of a model's id and what they tell; the first one found counts.
const BY_NAME: [(&str, Mode); 21] = [
    ("moderation", Mode::Moderation),
    ("rerank", Mode::Rerank),
    ("embed", Mode::Embedding),
    ("bge-", Mode::Embedding),
    ("gte-", Mode::Embedding),
    ("voyage-", Mode::Embedding),
    ("whisper", Mode::Transcription),
    ("transcribe", Mode::Transcription),
    ("realtime", Mode::Realtime),
    ("-live", Mode::Realtime),
    ("sonic", Mode::Realtime),
    ("-voice", Mode::Realtime),
    ("tts", Mode::Speech),
    ("orpheus", Mode::Speech),
    ("lyria", Mode::Other),
    ("-ocr", Mode::Other),
    ("image", Mode::Image),
    ("nano-banana", Mode::Image),
    ("video", Mode::Video),
    ("omni-flash-preview", Mode::Video),
    ("omni-1.1-flash", Mode::Video),
];

/// Models that search on every call, each search at a price of its own that
/// the source does not always list. Token counts would undercharge them.
const SEARCHES: [&str; 5] = [
    "search-preview",
    "search-api",
    "sonar",
    "-online",
    "deep-research",
];

/// Models the provider gives away, where the source has no rates at all. It
/// says so in its comments (2026-10-30), or the id does.
const FREE: [&str; 7] = [
    "github-copilot/gpt-3.5-turbo",
    "github-copilot/gpt-4.1",
    "github-copilot/gpt-4o",
    "github-copilot/gpt-4o-mini",
    "google/gemma-4-26b-a4b-it",
    "google/gemma-4-31b-it",
    "openai/moderation",
];

pub(super) fn from_name(id: &str, answers: bool) -> Mode {
    let id = id.to_ascii_lowercase();
    let named = BY_NAME.iter().find(|(part, _)| id.contains(part));
    let otherwise = if answers { Mode::Chat } else { Mode::Other };
    named.map_or(otherwise, |(_, mode)| *mode)
}

/// The limits' word for a mode.
pub(super) fn from_limits(mode: &str) -> Mode {
    match mode {
        "chat" => Mode::Chat,
        "responses" => Mode::Responses,
        "completion" => Mode::Completion,
        "embedding" => Mode::Embedding,
        "moderation" => Mode::Moderation,
        "image_generation" | "image_edit" => Mode::Image,
        "video_generation" => Mode::Video,
        "audio_speech" => Mode::Speech,
        "audio_transcription" => Mode::Transcription,
        "realtime" => Mode::Realtime,
        "rerank" => Mode::Rerank,
        _ => Mode::Other,
    }
}

/// Why the source's rates for this model are known to leave something out that
/// a call does not have to ask for.
pub(super) fn hidden_price(id: &str, mode: Mode, rates: &str) -> Option<&'static str> {
    let lacks = |unit: &str| !rates.contains(&format!("\"{unit}\""));
    let talks = id.to_ascii_lowercase().contains("audio");
    // A price of the call itself covers its searches.
    if always_searches(id) && lacks("requests_kcount") {
        Some(SEARCHING)
    } else if mode == Mode::Image && lacks("input_image_mtok") && lacks("output_image_mtok") {
        Some("images without rates of their own")
    } else if talks && mode == Mode::Chat && lacks("output_audio_mtok") {
        Some("audio without rates of its own")
    } else {
        None
    }
}

pub(super) const SEARCHING: &str = "searches on every call";

pub(super) fn always_searches(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SEARCHES.iter().any(|part| name.contains(part))
}

pub(super) fn is_free(provider: &str, id: &str) -> bool {
    let name = format!("{provider}/{id}");
    id.ends_with(":free") || FREE.contains(&name.as_str())
}
