//! Moderations: texts and images are judged. Free where they come from, and
//! without usage; where they have a price, a token is counted for each byte.

use bytes::Bytes;

use super::asked::{Asked, Output, Wire};
use super::kind::Endpoint;
use super::members::Members;
use super::parts::{Opaque, Parts, read_image};
use super::unpriced;
use crate::gateway::error::GatewayError;
use crate::http::json::Json;

/// Members we read.
const READ_MEMBERS: [&str; 3] = ["model", "input", "stream"];
/// What OpenAI judges by when nothing else is asked for.
const DEFAULT_MODEL: &str = "omni-moderation-latest";

/// Reads a body, or says what is wrong with it.
pub(in crate::gateway) fn read(members: &Members<'_>, body: &Bytes) -> Result<Asked, GatewayError> {
    let object = members.object;
    members.refuse_lookalikes(&READ_MEMBERS)?;
    let (model, model_at) = match object.text("model") {
        Some(_) => members.model()?,
        None => (DEFAULT_MODEL.to_owned(), None),
    };
    let parts = read_input(members.value("input")?).ok_or_else(wrong_input)?;
    if members.flag("stream")? {
        let wrong = "moderations are not streamed; leave `stream` out";
        return Err(GatewayError::invalid(Some("stream"), wrong));
    }
    unpriced::refuse_forbidden(object)?;
    let unpriced = unpriced::find(object)?;
    let (tier, tier_at) = members.tier();
    Ok(Asked {
        endpoint: Endpoint::Moderations,
        body: body.clone(),
        content_type: None,
        model,
        model_at,
        streamed: false,
        choices: 1,
        output: Output::Unmetered,
        parts,
        tier,
        tier_at,
        unpriced,
        asks_for_search: false,
        wire: Wire::Plain,
    })
}

fn wrong_input() -> GatewayError {
    let wrong =
        "`input` must be a text, a list of texts, or a list of `text` and `image_url` parts";
    GatewayError::invalid(Some("input"), wrong)
}

/// What is judged beside text.
fn read_input(input: Json<'_>) -> Option<Parts> {
    let mut parts = Parts::text();
    if input.is_string() {
        return Some(parts);
    }
    let mut listed = input.items()?.peekable();
    listed.peek()?;
    for item in listed.filter(|item| !item.is_string()) {
        let kind = item.stated("type")?.string()?;
        let image = item.stated("image_url").and_then(read_image);
        match (kind.as_ref(), image) {
            ("text", None) => {}
            (_, Some((detail, data_bytes))) => parts.add_image(detail.as_deref(), data_bytes),
            (_, None) => parts.add_opaque(Opaque::Anything),
        }
    }
    Some(parts)
}
