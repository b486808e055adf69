//! One model as the rest of Keypurse sees it.

use keypurse_core::price::Price;
use keypurse_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::lookup::Model;

/// What a model does, and so which routes can call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Answers messages.
    Chat,
    /// Answers messages, on the `responses` route only.
    Responses,
    /// Continues a text, without roles.
    Completion,
    /// Turns text into vectors.
    Embedding,
    /// Judges whether text is acceptable.
    Moderation,
    /// Makes or edits images.
    Image,
    /// Makes videos.
    Video,
    /// Text to speech.
    Speech,
    /// Speech to text.
    Transcription,
    /// Talks over a live connection.
    Realtime,
    /// Sorts documents by relevance.
    Rerank,
    /// Anything else: decisions, extraction, OCR.
    Other,
}

impl Mode {
    /// The mode's name as the catalogue writes it: `chat`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Responses => "responses",
            Self::Completion => "completion",
            Self::Embedding => "embedding",
            Self::Moderation => "moderation",
            Self::Image => "image",
            Self::Video => "video",
            Self::Speech => "speech",
            Self::Transcription => "transcription",
            Self::Realtime => "realtime",
            Self::Rerank => "rerank",
            Self::Other => "other",
        }
    }
}

/// Something a model's price does not cover and a call only has when it asks
/// for it. Whoever lets a call ask must price it elsewhere or refuse it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Extra {
    /// A search of the web, each.
    WebSearch,
    /// A search of files the provider stores, each.
    StorageSearch,
    /// Image input read from the cache: dearer than the `cached_input` rate,
    /// so count it as image input and not as cached input.
    CachedImage,
    /// Video input: dearer than the `input` rate.
    InputVideo,
}

/// One model of one provider.
#[derive(Clone, Copy, Debug)]
pub struct ModelEntry<'a> {
    /// Who serves it, as clients write it before the slash.
    pub provider: &'a str,
    /// Its own id, whatever alias found it.
    pub id: &'a str,
    /// What it does.
    pub mode: Mode,
    /// The most input tokens one call can have.
    pub max_input_tokens: Option<u64>,
    /// The most output tokens one call can have.
    pub max_output_tokens: Option<u64>,
    /// Length of the vectors an embedding model answers with.
    pub dimensions: Option<u64>,
    model: &'a Model,
}

impl<'a> ModelEntry<'a> {
    pub(super) fn new(provider: &'a str, model: &'a Model) -> Self {
        Self {
            provider,
            id: &model.id,
            mode: model.mode,
            max_input_tokens: model.max_input_tokens,
            max_output_tokens: model.max_output_tokens,
            dimensions: model.dimensions,
            model,
        }
    }

    /// What a call costs that starts now. `None` when no price is known, or
    /// when token counts alone cannot express it.
    pub fn price_at(&self, now: Timestamp) -> Option<Price> {
        self.model.schedule.row_at(now).price.as_ref().ok().cloned()
    }

    /// Why there is no price now, as the source names it:
    /// `requests_kcount`, `no known price`, …
    pub fn unpriced_reason(&self, now: Timestamp) -> Option<&'a str> {
        self.model
            .schedule
            .row_at(now)
            .price
            .as_ref()
            .err()
            .map(String::as_str)
    }

    /// When what [`ModelEntry::price_at`] says may next be different. Whoever
    /// keeps a price asks again from this instant on.
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        self.model.schedule.next_change(now)
    }

    /// What a call may ask for that the price does not cover.
    pub fn extras(&self) -> &'a [Extra] {
        &self.model.also
    }
}
