//! What the items of a request for a response bring along beside text.

use std::borrow::Cow;

use keypurse_core::usage::Class;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::gateway::endpoint::parts::{Detail, Opaque, Parts, data_bytes, may_write_long};
use crate::gateway::error::GatewayError;

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cow<'a, str>>,
    /// Of a message, and of reasoning that is shown.
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
    /// Of a call's result.
    #[serde(borrow, default)]
    output: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    image_url: Option<&'a RawValue>,
    #[serde(borrow, default)]
    file_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    detail: Detail<'a>,
}

/// Reads what an `input` brings along.
pub(super) fn read(input: Option<&RawValue>, body: &[u8]) -> Result<Parts, GatewayError> {
    let mut parts = Parts::text();
    if may_write_long(body) {
        parts.add(Class::CacheWriteLong);
    }
    let Some(input) = input.map(RawValue::get).filter(|it| !it.starts_with('"')) else {
        return Ok(parts);
    };
    let items: Vec<&RawValue> = serde_json::from_str(input).map_err(|_| wrong())?;
    for item in items {
        let is_object = item.get().starts_with('{');
        let item = is_object.then(|| serde_json::from_str(item.get()).ok());
        add_item(&mut parts, &item.flatten().ok_or_else(wrong)?)?;
    }
    Ok(parts)
}

fn wrong() -> GatewayError {
    let wrong = "`input` must be a text or a list of items, and an item's content a text or a \
                 list of parts";
    GatewayError::invalid(Some("input"), wrong)
}

/// Text is bounded by its bytes, and so is reasoning that comes back
/// encrypted; what is only named, or a tool's own kind of item, by nothing.
fn add_item(parts: &mut Parts, item: &Item<'_>) -> Result<(), GatewayError> {
    match item.kind.as_deref() {
        None | Some("message" | "reasoning") => add_content(parts, item.content),
        Some("function_call" | "custom_tool_call" | "local_shell_call" | "apply_patch_call") => {
            Ok(())
        }
        Some(
            "function_call_output"
            | "custom_tool_call_output"
            | "local_shell_call_output"
            | "apply_patch_call_output",
        ) => add_content(parts, item.output),
        Some(_) => {
            parts.add_opaque(Opaque::Anything);
            Ok(())
        }
    }
}

fn add_content(parts: &mut Parts, content: Option<&RawValue>) -> Result<(), GatewayError> {
    let content = content.map(RawValue::get);
    let Some(content) = content.filter(|it| !it.starts_with('"') && *it != "null") else {
        return Ok(());
    };
    let listed: Vec<Part<'_>> = serde_json::from_str(content).map_err(|_| wrong())?;
    for part in &listed {
        add_part(parts, part);
    }
    Ok(())
}

fn add_part(parts: &mut Parts, part: &Part<'_>) {
    match part.kind.as_deref() {
        Some("input_text" | "output_text" | "text" | "refusal" | "reasoning_text") => {}
        Some("input_image") => match (part.image_url, part.file_id) {
            (Some(url), _) if url.get().starts_with('"') => {
                parts.add_image(part.detail.as_deref(), data_bytes(url));
            }
            // Stored at the provider, and an image all the same.
            (_, Some(_)) => parts.add_image(part.detail.as_deref(), 0),
            _ => parts.add_opaque(Opaque::Image),
        },
        _ => parts.add_opaque(Opaque::Anything),
    }
}
