//! The table of endpoints.

use bytes::Bytes;
use http::HeaderMap;
use keypurse_core::usage::TokenCounts;
use keypurse_providers::anthropic;
use keypurse_providers::catalogue::Mode;
use keypurse_providers::openai::{
    Answer, ImplausibleUsage, read_image_usage, read_input_usage, read_response_usage,
    read_speech_usage, read_transcription_usage, read_usage,
};
use keypurse_providers::tokenizer::Tokenizer;
use keypurse_store::Feature;
use serde_json::value::RawValue;

use super::asked::Asked;
use super::media::{form, images, speech, transcription};
use super::members::{self, Members};
use super::{chat, embeddings, messages, moderations, responses};
use crate::gateway::call::count::InputCount;
use crate::gateway::error::GatewayError;
use crate::gateway::routing::wish::{self, Wishes};
use crate::http::authenticate::Schemes;
use crate::http::envelope::Envelope;

/// A route that calls models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::gateway) enum Endpoint {
    Chat,
    Embeddings,
    Moderations,
    Responses,
    /// Anthropic's way to chat.
    Messages,
    ImageGenerations,
    ImageEdits,
    Speech,
    Transcriptions,
}

impl Endpoint {
    pub(in crate::gateway) const ALL: [Self; 9] = [
        Self::Chat,
        Self::Embeddings,
        Self::Moderations,
        Self::Responses,
        Self::Messages,
        Self::ImageGenerations,
        Self::ImageEdits,
        Self::Speech,
        Self::Transcriptions,
    ];

    /// The path below a base, here and at an upstream of OpenAI's dialect.
    pub(in crate::gateway) const fn path(self) -> &'static str {
        match self {
            Self::Chat => "chat/completions",
            Self::Embeddings => "embeddings",
            Self::Moderations => "moderations",
            Self::Responses => "responses",
            Self::Messages => "messages",
            Self::ImageGenerations => "images/generations",
            Self::ImageEdits => "images/edits",
            Self::Speech => "audio/speech",
            Self::Transcriptions => "audio/transcriptions",
        }
    }

    /// What stands between the vendor's base `/v3` and the path: Anthropic's
    /// SDKs add a version of their own to whatever base URL they are given.
    pub(in crate::gateway) const fn version_below_v3(self) -> &'static str {
        match self {
            Self::Messages => "v1/",
            Self::Chat
            | Self::Embeddings
            | Self::Moderations
            | Self::Responses
            | Self::ImageGenerations
            | Self::ImageEdits
            | Self::Speech
            | Self::Transcriptions => "",
        }
    }

    /// What reports call it.
    pub(in crate::gateway) const fn feature(self) -> Feature {
        match self {
            Self::Chat | Self::Responses | Self::Messages => Feature::Chat,
            Self::Embeddings => Feature::Embeddings,
            Self::Moderations => Feature::Moderation,
            Self::ImageGenerations | Self::ImageEdits => Feature::ImageGeneration,
            Self::Speech => Feature::TextToSpeech,
            Self::Transcriptions => Feature::SpeechToText,
        }
    }

    /// Where a client's secret may stand.
    pub(in crate::gateway) const fn schemes(self) -> Schemes {
        match self {
            Self::Chat
            | Self::Embeddings
            | Self::Moderations
            | Self::Responses
            | Self::ImageGenerations
            | Self::ImageEdits
            | Self::Speech
            | Self::Transcriptions => Schemes::Bearer,
            Self::Messages => Schemes::BearerOrApiKey,
        }
    }

    /// How its clients read errors.
    pub(in crate::gateway) const fn envelope(self) -> Envelope {
        match self {
            Self::Chat
            | Self::Embeddings
            | Self::Moderations
            | Self::Responses
            | Self::ImageGenerations
            | Self::ImageEdits
            | Self::Speech
            | Self::Transcriptions => Envelope::OpenAi,
            Self::Messages => Envelope::Anthropic,
        }
    }

    /// Whether its calls are of images or sounds, which may have prices that
    /// are not of tokens.
    pub(in crate::gateway) const fn is_of_media(self) -> bool {
        match self {
            Self::ImageGenerations | Self::ImageEdits | Self::Speech | Self::Transcriptions => true,
            Self::Chat
            | Self::Embeddings
            | Self::Moderations
            | Self::Responses
            | Self::Messages => false,
        }
    }

    /// Whether models of this mode answer here.
    pub(in crate::gateway) fn is_served_by(self, mode: Mode) -> bool {
        match self {
            Self::Chat | Self::Messages => mode == Mode::Chat,
            Self::Embeddings => mode == Mode::Embedding,
            Self::Moderations => mode == Mode::Moderation,
            Self::Responses => matches!(mode, Mode::Chat | Mode::Responses),
            Self::ImageGenerations | Self::ImageEdits => mode == Mode::Image,
            Self::Speech => mode == Mode::Speech,
            Self::Transcriptions => mode == Mode::Transcription,
        }
    }

    /// What it is called in a sentence.
    pub(in crate::gateway) const fn plural(self) -> &'static str {
        match self {
            Self::Chat => "chat completions",
            Self::Embeddings => "embeddings",
            Self::Moderations => "moderations",
            Self::Responses => "responses",
            Self::ImageGenerations => "images",
            Self::ImageEdits => "edited images",
            Self::Speech => "speech",
            Self::Transcriptions => "transcriptions",
            Self::Messages => "messages",
        }
    }

    /// Whether a tier of service can be asked for here.
    pub(in crate::gateway) const fn has_tiers(self) -> bool {
        matches!(self, Self::Chat | Self::Responses)
    }

    /// Reads a body strictly, and what it says about routing; or says what is
    /// wrong with it.
    pub(in crate::gateway) fn read(
        self,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<(Asked, Option<Wishes>), GatewayError> {
        match self {
            Self::ImageEdits => return images::read_edit(headers, body),
            Self::Transcriptions => return transcription::read(headers, body),
            _ => {}
        }
        let object = members::object(&body)?;
        let members = Members { object: &object };
        let Some((left, wishes)) = wish::take(&members)? else {
            return Ok((self.read_members(&members, &body)?, None));
        };
        let object = members::object(&left)?;
        let asked = self.read_members(&Members { object: &object }, &left)?;
        Ok((asked, Some(wishes)))
    }

    fn read_members(self, members: &Members<'_>, body: &Bytes) -> Result<Asked, GatewayError> {
        match self {
            Self::Chat => chat::request::read_members(members, body),
            Self::Embeddings => embeddings::read(members, body),
            Self::Moderations => moderations::read(members, body),
            Self::Responses => responses::request::read(members, body),
            Self::Messages => messages::request::read(members, body),
            Self::ImageGenerations => images::read_generation(members, body),
            Self::Speech => speech::read(members, body),
            Self::ImageEdits | Self::Transcriptions => unreachable!("their bodies are forms"),
        }
    }

    /// What two requests have in common that ask for the same: a form's body
    /// has another boundary each time its client writes it.
    pub(in crate::gateway) fn fingerprint(self, headers: &HeaderMap, body: &Bytes) -> Bytes {
        match self {
            Self::ImageEdits | Self::Transcriptions => form::without_boundary(headers, body),
            Self::Chat
            | Self::Embeddings
            | Self::Moderations
            | Self::Responses
            | Self::Messages
            | Self::ImageGenerations
            | Self::Speech => body.clone(),
        }
    }

    /// Counts what a body of text gives a model to read. `None`: nobody says
    /// how.
    pub(in crate::gateway) fn count_input(
        self,
        body: &[u8],
        tokenizer: Tokenizer,
    ) -> Option<InputCount> {
        match self {
            Self::Chat => chat::count::count(body, tokenizer),
            Self::Embeddings => embeddings::count(body, tokenizer),
            Self::Responses => responses::count::count(body, tokenizer),
            Self::Messages => messages::count::count(body, tokenizer),
            Self::Moderations
            | Self::ImageGenerations
            | Self::ImageEdits
            | Self::Speech
            | Self::Transcriptions => None,
        }
    }

    /// Reads an answer in one piece. `None`: it is none.
    pub(in crate::gateway) fn read_answer(self, body: &[u8]) -> Option<Answer<'_>> {
        match self {
            Self::Chat => Answer::chat(body),
            Self::Embeddings => Answer::embeddings(body),
            Self::Moderations => Answer::moderations(body),
            Self::Responses => Answer::response(body),
            Self::Messages => Answer::message(body),
            Self::ImageGenerations | Self::ImageEdits => Answer::images(body),
            Self::Transcriptions => Answer::transcription(body),
            Self::Speech => None,
        }
    }

    /// Reads the usage of an answer.
    pub(in crate::gateway) fn read_usage(
        self,
        usage: &RawValue,
    ) -> Result<TokenCounts, ImplausibleUsage> {
        match self {
            Self::Chat => read_usage(usage),
            Self::Responses => read_response_usage(usage),
            Self::Messages => anthropic::read_usage(usage),
            Self::Embeddings | Self::Moderations => read_input_usage(usage),
            Self::ImageGenerations | Self::ImageEdits => read_image_usage(usage),
            Self::Speech => read_speech_usage(usage),
            Self::Transcriptions => read_transcription_usage(usage),
        }
    }
}
