//! Parts of content, as Gemini's dialect writes them.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::translate::Untranslatable;
use crate::translate::chat::{Media, Part};
use crate::translate::data_url::{Place, place};

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OutPart<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) inline_data: Option<Blob>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) file_data: Option<FileData>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) function_call: Option<FunctionCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) function_response: Option<FunctionResponse<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thought_signature: Option<&'a RawValue>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Blob {
    mime_type: String,
    data: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FileData {
    #[serde(skip_serializing_if = "Option::is_none")]
    mime_type: Option<&'static str>,
    file_uri: String,
}

#[derive(Debug, Serialize)]
pub(super) struct FunctionCall<'a> {
    pub(super) id: &'a RawValue,
    pub(super) name: &'a RawValue,
    pub(super) args: &'a RawValue,
}

#[derive(Debug, Serialize)]
pub(super) struct FunctionResponse<'a> {
    pub(super) id: &'a RawValue,
    pub(super) name: &'a RawValue,
    pub(super) response: Output,
}

/// "Function calling": a result is an object, and `output` is where a text
/// goes.
#[derive(Debug, Serialize)]
pub(super) struct Output {
    pub(super) output: Box<RawValue>,
}

impl<'a> OutPart<'a> {
    pub(super) fn text(text: &'a RawValue) -> Self {
        Self {
            text: Some(text),
            ..Self::default()
        }
    }

    pub(super) fn of(part: &Part<'a>) -> Result<Self, Untranslatable> {
        match part {
            Part::Text(text) => Ok(Self::text(text.text)),
            Part::Image(media) | Part::File(media) | Part::Audio(media) => Self::of_media(media),
        }
    }

    fn of_media(media: &Media<'a>) -> Result<Self, Untranslatable> {
        match place(&media.url) {
            Some(Place::Inline { media_type, base64 }) => Ok(Self {
                inline_data: Some(Blob {
                    mime_type: media_type,
                    data: base64,
                }),
                ..Self::default()
            }),
            Some(Place::Web(url)) => Ok(Self {
                file_data: Some(FileData {
                    mime_type: media_type(&url),
                    file_uri: url,
                }),
                ..Self::default()
            }),
            None => Err(Untranslatable::new(
                media.path.clone(),
                "it must be an https URL or a base64 `data:` URL",
            )),
        }
    }
}

/// What a file's ending says; the provider finds out otherwise.
fn media_type(url: &str) -> Option<&'static str> {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let (_, ending) = path.rsplit_once('.')?;
    match ending.to_ascii_lowercase().as_str() {
        "png" => Some("image/png"),
        "jpg" | "jpeg" => Some("image/jpeg"),
        "webp" => Some("image/webp"),
        "gif" => Some("image/gif"),
        "pdf" => Some("application/pdf"),
        _ => None,
    }
}
