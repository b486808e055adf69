//! Moderations: texts and images are judged. Free where they come from, and
//! without usage; where they have a price, a token is counted for each byte.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::asked::{Asked, Output, Wire};
use super::kind::Endpoint;
use super::members::{self, Members};
use super::parts::{Opaque, Parts, read_image};
use super::unpriced;
use crate::gateway::error::GatewayError;

/// Members we read.
const READ_MEMBERS: [&str; 3] = ["model", "input", "stream"];
/// What OpenAI judges by when nothing else is asked for.
const DEFAULT_MODEL: &str = "omni-moderation-latest";

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    image_url: Option<&'a RawValue>,
}

/// Reads a body, or says what is wrong with it.
pub(in crate::gateway) fn read(body: Bytes) -> Result<Asked, GatewayError> {
    let object = members::object(&body)?;
    let members = Members {
        object: &object,
        body: &body,
    };
    members.refuse_lookalikes(&READ_MEMBERS)?;
    let (model, model_at) = match object.get("model") {
        Some(_) => members.model()?,
        None => (DEFAULT_MODEL.to_owned(), None),
    };
    let parts = read_input(members.required("input")?).ok_or_else(wrong_input)?;
    if members.flag("stream")? {
        let wrong = "moderations are not streamed; leave `stream` out";
        return Err(GatewayError::invalid(Some("stream"), wrong));
    }
    unpriced::refuse_forbidden(&object)?;
    let unpriced = unpriced::find(&object)?;
    let (tier, tier_at) = members.tier();
    Ok(Asked {
        endpoint: Endpoint::Moderations,
        body,
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
fn read_input(input: &RawValue) -> Option<Parts> {
    let mut parts = Parts::text();
    if input.get().starts_with('"') {
        return Some(parts);
    }
    let listed: Vec<&RawValue> = serde_json::from_str(input.get()).ok()?;
    if listed.is_empty() {
        return None;
    }
    for item in listed {
        if item.get().starts_with('"') {
            continue;
        }
        let is_object = item.get().starts_with('{');
        let part: Part<'_> = serde_json::from_str(item.get())
            .ok()
            .filter(|_| is_object)?;
        match (part.kind.as_ref(), part.image_url.and_then(read_image)) {
            ("text", None) => {}
            (_, Some((detail, data_bytes))) => parts.add_image(detail.as_deref(), data_bytes),
            (_, None) => parts.add_opaque(Opaque::Anything),
        }
    }
    Some(parts)
}
