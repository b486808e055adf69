//! Transcription: sound becomes text.

use bytes::Bytes;
use http::HeaderMap;
use keypurse_providers::media::sound::{self, Length};

use super::{Media, form};
use crate::gateway::call::count::length;
use crate::gateway::endpoint::asked::Asked;
use crate::gateway::endpoint::kind::Endpoint;
use crate::gateway::endpoint::members::LONGEST_MODEL_NAME;
use crate::gateway::error::GatewayError;
use crate::gateway::routing::wish::Wishes;

/// Fields we read.
const FIELDS: [&str; 5] = [
    "model",
    "file",
    "response_format",
    "stream",
    "chunking_strategy",
];

/// What is to be listened to.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Transcription {
    pub(in crate::gateway) length: Length,
    /// Bytes of all there is to read.
    pub(in crate::gateway) text_bytes: u64,
    /// Whether the sound may be cut into parts that are listened to one by one.
    pub(in crate::gateway) is_chunked: bool,
    /// Whether the answer is JSON and not plain text.
    pub(in crate::gateway) is_json: bool,
}

/// Reads a form, or says what is wrong with it.
pub(in crate::gateway) fn read(
    headers: &HeaderMap,
    body: Bytes,
) -> Result<(Asked, Option<Wishes>), GatewayError> {
    let (form, wishes) = form::read(headers, body, &FIELDS)?;
    let model = form::required(&form, "model", LONGEST_MODEL_NAME)?.to_owned();
    let files = form.files("file").map_err(|error| form::refused(&error))?;
    let [file] = files.as_slice() else {
        let wrong = "`file` is required";
        return Err(GatewayError::invalid(Some("file"), wrong));
    };
    let format = form::text(&form, "response_format")?;
    let is_chunked = form
        .names()
        .any(|name| form::base(name) == "chunking_strategy");
    let transcription = Transcription {
        length: sound::length(file),
        text_bytes: length(form.text_bytes()),
        is_chunked,
        is_json: !matches!(format, Some("text" | "srt" | "vtt")),
    };
    let streamed = form::flag(&form, "stream")?;
    let place = form.place("model");
    let asked = Asked::media(
        Endpoint::Transcriptions,
        (form.body().clone(), form::content_type(headers)),
        (model, place),
        streamed,
        Media::Transcription(transcription),
    );
    Ok((asked, wishes))
}
