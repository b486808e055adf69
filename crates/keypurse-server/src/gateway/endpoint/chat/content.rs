//! What the messages of a chat bring along beside text.

use std::borrow::Cow;

use keypurse_core::usage::Class;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::gateway::endpoint::parts::{Opaque, Parts, may_write_long, read_image};
use crate::gateway::error::GatewayError;

#[derive(Deserialize)]
pub(super) struct Message<'a> {
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
    /// An earlier spoken answer, named by its id.
    #[serde(borrow, default)]
    audio: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    image_url: Option<&'a RawValue>,
}

/// Reads what the messages of this body bring along.
pub(super) fn read(messages: &[Message<'_>], body: &[u8]) -> Result<Parts, GatewayError> {
    let mut parts = Parts::text();
    if may_write_long(body) {
        parts.add(Class::CacheWriteLong);
    }
    for message in messages {
        if message.audio.is_some() {
            parts.add_opaque(Opaque::Anything);
        }
        let content = message.content.map(RawValue::get);
        if let Some(content) = content.filter(|content| !content.starts_with('"')) {
            let wrong = "a message's `content` must be a text or a list of parts";
            let listed: Vec<Part<'_>> = serde_json::from_str(content)
                .map_err(|_| GatewayError::invalid(Some("messages"), wrong))?;
            for part in &listed {
                add_part(&mut parts, part);
            }
        }
    }
    Ok(parts)
}

fn add_part(parts: &mut Parts, part: &Part<'_>) {
    match part.kind.as_deref() {
        Some("text" | "refusal") => {}
        Some("image_url") => match part.image_url.and_then(read_image) {
            Some((detail, data_bytes)) => parts.add_image(detail.as_deref(), data_bytes),
            None => parts.add_opaque(Opaque::Image),
        },
        Some("image") => parts.add_opaque(Opaque::Image),
        _ => parts.add_opaque(Opaque::Anything),
    }
}
