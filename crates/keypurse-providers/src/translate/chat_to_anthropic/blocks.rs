//! Blocks of content, as Anthropic's dialect writes them.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::translate::Untranslatable;
use crate::translate::chat::{Media, Part, Text};
use crate::translate::data_url::{Place, place};

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Block<'a> {
    Text {
        text: &'a RawValue,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<&'a RawValue>,
    },
    Image {
        source: Source,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<&'a RawValue>,
    },
    Document {
        source: Source,
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<&'a RawValue>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<&'a RawValue>,
    },
    ToolUse {
        id: Cow<'a, RawValue>,
        name: &'a RawValue,
        input: &'a RawValue,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<&'a RawValue>,
    },
    ToolResult {
        tool_use_id: Cow<'a, RawValue>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        content: Vec<Block<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<&'a RawValue>,
    },
    /// A block of an earlier answer, unchanged: it is signed.
    #[serde(untagged)]
    Signed(&'a RawValue),
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Source {
    Base64 { media_type: String, data: String },
    Url { url: String },
}

impl<'a> From<Text<'a>> for Block<'a> {
    fn from(text: Text<'a>) -> Self {
        Self::Text {
            text: text.text,
            cache_control: text.cache_control,
        }
    }
}

impl<'a> Block<'a> {
    /// Where it says that the prompt is cached up to here. `None`: it cannot.
    pub(super) fn mark(&mut self) -> Option<&mut Option<&'a RawValue>> {
        match self {
            Self::Text { cache_control, .. }
            | Self::Image { cache_control, .. }
            | Self::Document { cache_control, .. }
            | Self::ToolUse { cache_control, .. }
            | Self::ToolResult { cache_control, .. } => Some(cache_control),
            Self::Signed(_) => None,
        }
    }

    /// Whether it says that.
    pub(super) fn is_marked(&self) -> bool {
        match self {
            Self::Text { cache_control, .. }
            | Self::Image { cache_control, .. }
            | Self::Document { cache_control, .. }
            | Self::ToolUse { cache_control, .. } => cache_control.is_some(),
            Self::ToolResult {
                cache_control,
                content,
                ..
            } => cache_control.is_some() || content.iter().any(Self::is_marked),
            Self::Signed(_) => false,
        }
    }

    /// A part of a user's message, or of a tool's result.
    pub(super) fn of_part(part: Part<'a>) -> Result<Self, Untranslatable> {
        match part {
            Part::Text(text) => Ok(text.into()),
            Part::Image(media) => Ok(Self::Image {
                source: image(&media)?,
                cache_control: media.cache_control,
            }),
            Part::File(media) => Ok(Self::Document {
                source: document(&media)?,
                title: media.name,
                cache_control: media.cache_control,
            }),
            Part::Audio(media) => {
                let why = "these models do not listen";
                Err(Untranslatable::new(media.path, why))
            }
        }
    }
}

fn image(media: &Media<'_>) -> Result<Source, Untranslatable> {
    match place(&media.url) {
        Some(Place::Web(url)) => Ok(Source::Url { url }),
        Some(Place::Inline { media_type, base64 }) if media_type.starts_with("image/") => {
            Ok(Source::Base64 {
                media_type,
                data: base64,
            })
        }
        _ => Err(Untranslatable::new(
            media.path.clone(),
            "an image must be an https URL or a base64 `data:` URL",
        )),
    }
}

fn document(media: &Media<'_>) -> Result<Source, Untranslatable> {
    match place(&media.url) {
        Some(Place::Inline { media_type, base64 }) if media_type == "application/pdf" => {
            Ok(Source::Base64 {
                media_type,
                data: base64,
            })
        }
        _ => Err(Untranslatable::new(
            media.path.clone(),
            "only PDF as a base64 `data:` URL can be translated; send other files as text",
        )),
    }
}
