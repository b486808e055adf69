//! Images: made from a text, or from other images.

use bytes::Bytes;
use http::HeaderMap;

use super::{Media, form};
use crate::gateway::call::count::length;
use crate::gateway::endpoint::asked::Asked;
use crate::gateway::endpoint::kind::Endpoint;
use crate::gateway::endpoint::members::{LONGEST_MODEL_NAME, Members};
use crate::gateway::endpoint::unpriced;
use crate::gateway::error::GatewayError;
use crate::gateway::routing::wish::Wishes;

/// OpenAI makes no more at once, and shows no more unfinished ones of each.
const MOST_IMAGES: u64 = 10;
const MOST_PARTIAL: u64 = 3;
/// Members we read.
const READ_MEMBERS: [&str; 8] = [
    "model",
    "prompt",
    "n",
    "size",
    "quality",
    "stream",
    "partial_images",
    "output_format",
];
/// Fields we read of an edit.
const FIELDS: [&str; 10] = [
    "model",
    "image",
    "mask",
    "markup",
    "n",
    "size",
    "quality",
    "stream",
    "partial_images",
    "output_format",
];

/// What images are asked for.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Images {
    pub(in crate::gateway) count: u64,
    pub(in crate::gateway) quality: Option<Box<str>>,
    pub(in crate::gateway) size: Option<Box<str>>,
    /// Unfinished ones that a stream shows of each.
    pub(in crate::gateway) partial: u64,
    /// Bytes of the text they are made from.
    pub(in crate::gateway) text_bytes: u64,
    /// Images they are made from, those that say where included.
    pub(in crate::gateway) inputs: u64,
}

/// Reads a body that asks for new images.
pub(in crate::gateway) fn read_generation(
    members: &Members<'_>,
    body: &Bytes,
) -> Result<Asked, GatewayError> {
    let object = members.object;
    members.refuse_lookalikes(&READ_MEMBERS)?;
    let (model, model_at) = members.model()?;
    let prompt = members.text("prompt")?;
    let prompt = prompt.ok_or_else(|| GatewayError::invalid(Some("prompt"), NO_PROMPT))?;
    let streamed = members.flag("stream")?;
    let partial = members.integer("partial_images", 0..=MOST_PARTIAL)?;
    let images = Images {
        count: members.integer("n", 1..=MOST_IMAGES)?.unwrap_or(1),
        quality: members.text("quality")?.map(Into::into),
        size: members.text("size")?.map(Into::into),
        partial: partial.unwrap_or(0),
        text_bytes: length(prompt.len()),
        inputs: 0,
    };
    unpriced::refuse_forbidden(object)?;
    let unpriced = unpriced::find_in_images(object)?;
    let (tier, tier_at) = members.tier();
    Ok(Asked {
        tier,
        tier_at,
        unpriced,
        ..Asked::media(
            Endpoint::ImageGenerations,
            (body.clone(), None),
            (model, model_at),
            streamed,
            Media::Images(images),
        )
    })
}

const NO_PROMPT: &str = "`prompt` is required";

/// Reads a form that asks for changed images.
pub(in crate::gateway) fn read_edit(
    headers: &HeaderMap,
    body: Bytes,
) -> Result<(Asked, Option<Wishes>), GatewayError> {
    let (form, wishes) = form::read(headers, body, &FIELDS)?;
    let model = form::required(&form, "model", LONGEST_MODEL_NAME)?.to_owned();
    let text = |name| form::text(&form, name).map(|text| text.map(Into::into));
    let files = |name| form.files(name).map_err(|error| form::refused(&error));
    let inputs = files("image")?.len() + files("image[]")?.len();
    if inputs == 0 {
        let wrong = "`image` is required";
        return Err(GatewayError::invalid(Some("image"), wrong));
    }
    let streamed = form::flag(&form, "stream")?;
    let partial = form::integer(&form, "partial_images", MOST_PARTIAL)?;
    let count = form::integer(&form, "n", MOST_IMAGES)?.unwrap_or(1);
    if count == 0 {
        let wrong = format!("`n` must be a whole number from 1 to {MOST_IMAGES}");
        return Err(GatewayError::invalid(Some("n"), wrong));
    }
    let images = Images {
        count,
        quality: text("quality")?,
        size: text("size")?,
        partial: partial.unwrap_or(0),
        text_bytes: length(form.text_bytes()),
        inputs: length(inputs + files("mask")?.len() + files("markup")?.len()),
    };
    let names: Vec<_> = form.names().map(form::base).collect();
    let format = form::text(&form, "output_format")?;
    let place = form.place("model");
    let asked = Asked {
        unpriced: unpriced::find_of_images(&names, format),
        ..Asked::media(
            Endpoint::ImageEdits,
            (form.body().clone(), form::content_type(headers)),
            (model, place),
            streamed,
            Media::Images(images),
        )
    };
    Ok((asked, wishes))
}
