//! What the items of a request for a response bring along beside text.

use std::ops::Range;

use keypurse_core::usage::Class;
use keypurse_providers::translate::is_own_reasoning;

use crate::gateway::endpoint::parts::{Opaque, Parts, data_bytes, may_write_long};
use crate::gateway::error::GatewayError;
use crate::http::json::Json;

/// Reads what an `input` brings along.
pub(super) fn read(input: Option<Json<'_>>, body: Json<'_>) -> Result<Parts, GatewayError> {
    let mut parts = Parts::text();
    if may_write_long(body) {
        parts.add(Class::CacheWriteLong);
    }
    let Some(input) = input.filter(|input| !input.is_string()) else {
        return Ok(parts);
    };
    for item in input.items().ok_or_else(wrong)? {
        add_item(&mut parts, item).ok_or_else(wrong)?;
    }
    Ok(parts)
}

/// The `input` without reasoning that another dialect's model proved, and where
/// it stands: OpenAI refuses what it did not encrypt. `None`: there is none.
pub(super) fn without_foreign_reasoning(input: Json<'_>) -> Option<(Range<usize>, String)> {
    let is_foreign = |item: &Json<'_>| {
        let text = |name| item.stated(name).and_then(Json::string);
        text("type").is_some_and(|kind| kind == "reasoning")
            && text("encrypted_content").is_some_and(|text| is_own_reasoning(&text))
    };
    if !input.items()?.any(|item| is_foreign(&item)) {
        return None;
    }
    let kept = input.items()?.filter(|item| !is_foreign(item));
    let kept: Vec<&str> = kept.map(Json::text).collect();
    Some((input.place(), format!("[{}]", kept.join(","))))
}

fn wrong() -> GatewayError {
    let wrong = "`input` must be a text or a list of items, and an item's content a text or a \
                 list of parts";
    GatewayError::invalid(Some("input"), wrong)
}

/// Text is bounded by its bytes, and so is reasoning that comes back
/// encrypted; what is only named, or a tool's own kind of item, by nothing.
/// `None`: it is no item.
fn add_item(parts: &mut Parts, item: Json<'_>) -> Option<()> {
    if !item.is_object() {
        return None;
    }
    let kind = match item.stated("type") {
        Some(kind) => Some(kind.string()?),
        None => None,
    };
    match Held::by(kind.as_deref()) {
        Held::Parts(member) => add_content(parts, item.stated(member)),
        Held::Text => Some(()),
        Held::Anything => {
            parts.add_opaque(Opaque::Anything);
            Some(())
        }
    }
}

/// What an item holds.
pub(super) enum Held {
    /// Parts, in this member, some of which may be no text.
    Parts(&'static str),
    /// Text alone.
    Text,
    /// Nobody knows.
    Anything,
}

impl Held {
    /// By an item's type.
    pub(super) fn by(kind: Option<&str>) -> Self {
        match kind {
            // Of a message, and of reasoning that is shown.
            None | Some("message" | "reasoning") => Self::Parts("content"),
            // Of a call's result.
            Some(
                "function_call_output"
                | "custom_tool_call_output"
                | "local_shell_call_output"
                | "apply_patch_call_output",
            ) => Self::Parts("output"),
            // Calls, schemas of tools, and a conversation made shorter, which
            // is encrypted as reasoning is.
            Some(
                "function_call" | "custom_tool_call" | "local_shell_call" | "apply_patch_call"
                | "shell_call" | "shell_call_output" | "tool_search_call" | "tool_search_output"
                | "additional_tools" | "web_search_call" | "compaction" | "compaction_trigger",
            ) => Self::Text,
            Some(_) => Self::Anything,
        }
    }
}

fn add_content(parts: &mut Parts, content: Option<Json<'_>>) -> Option<()> {
    let Some(content) = content.filter(|content| !content.is_string()) else {
        return Some(());
    };
    let mut listed = content.items()?;
    listed.try_for_each(|part| add_part(parts, part))
}

fn add_part(parts: &mut Parts, part: Json<'_>) -> Option<()> {
    if !part.is_object() {
        return None;
    }
    let text = |name| part.stated(name).map(Json::string);
    let (kind, detail) = (text("type"), text("detail"));
    // Stated, and no text.
    if kind == Some(None) || detail == Some(None) {
        return None;
    }
    let (kind, detail) = (kind.flatten(), detail.flatten());
    match kind.as_deref() {
        Some("input_text" | "output_text" | "text" | "refusal" | "reasoning_text") => {}
        Some("input_image") => match (part.stated("image_url"), part.stated("file_id")) {
            (Some(url), _) if url.is_string() => {
                parts.add_image(detail.as_deref(), data_bytes(url));
            }
            // Stored at the provider, and an image all the same.
            (_, Some(_)) => parts.add_image(detail.as_deref(), 0),
            _ => parts.add_opaque(Opaque::Image),
        },
        _ => parts.add_opaque(Opaque::Anything),
    }
    Some(())
}
