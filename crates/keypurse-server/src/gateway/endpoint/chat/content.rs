//! What the messages of a chat bring along beside text.

use keypurse_core::usage::Class;

use crate::gateway::endpoint::parts::{Opaque, Parts, may_write_long, read_image};
use crate::gateway::error::GatewayError;
use crate::http::json::Json;

/// Reads what the messages of this body bring along.
pub(super) fn read(messages: Json<'_>, body: Json<'_>) -> Result<Parts, GatewayError> {
    let mut parts = Parts::text();
    if may_write_long(body) {
        parts.add(Class::CacheWriteLong);
    }
    let mut has_any = false;
    for message in messages.items().ok_or_else(no_messages)? {
        if !message.is_object() {
            return Err(no_messages());
        }
        has_any = true;
        add_message(&mut parts, message)?;
    }
    if has_any {
        Ok(parts)
    } else {
        Err(no_messages())
    }
}

fn no_messages() -> GatewayError {
    let wrong = "`messages` must be a list of at least one message object";
    GatewayError::invalid(Some("messages"), wrong)
}

fn add_message(parts: &mut Parts, message: Json<'_>) -> Result<(), GatewayError> {
    // An earlier spoken answer, named by its id.
    if message.stated("audio").is_some() {
        parts.add_opaque(Opaque::Anything);
    }
    let content = message.stated("content");
    let Some(content) = content.filter(|content| !content.is_string()) else {
        return Ok(());
    };
    let wrong = || {
        let wrong = "a message's `content` must be a text or a list of parts";
        GatewayError::invalid(Some("messages"), wrong)
    };
    for part in content.items().ok_or_else(wrong)? {
        add_part(parts, part).ok_or_else(wrong)?;
    }
    Ok(())
}

/// `None`: it is no part.
fn add_part(parts: &mut Parts, part: Json<'_>) -> Option<()> {
    let kind = match part.stated("type") {
        Some(kind) => Some(kind.string()?),
        None => part.is_object().then_some(None)?,
    };
    match kind.as_deref() {
        Some("text" | "refusal") => {}
        Some("image_url") => match part.stated("image_url").and_then(read_image) {
            Some((detail, data_bytes)) => parts.add_image(detail.as_deref(), data_bytes),
            None => parts.add_opaque(Opaque::Image),
        },
        Some("image") => parts.add_opaque(Opaque::Image),
        _ => parts.add_opaque(Opaque::Anything),
    }
    Some(())
}
