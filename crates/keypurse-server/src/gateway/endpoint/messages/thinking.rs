//! What the model thought in earlier turns.

use std::borrow::Cow;
use std::ops::Range;

use keypurse_providers::anthropic::is_unsigned;

use crate::http::json::Json;

/// The `messages` without thinking that Anthropic did not sign, and where they
/// stand: it refuses such a conversation. `None`: there is none.
pub(super) fn without_unsigned(messages: Json<'_>) -> Option<(Range<usize>, String)> {
    if !messages.items()?.any(has_unsigned) {
        return None;
    }
    let kept: Vec<_> = messages.items()?.filter_map(signed).collect();
    Some((messages.place(), format!("[{}]", kept.join(","))))
}

fn has_unsigned(message: Json<'_>) -> bool {
    let content = message.stated("content").and_then(Json::items);
    content.is_some_and(|mut blocks| blocks.any(is_foreign))
}

/// A message without such thinking. `None`: nothing is left of it.
fn signed(message: Json<'_>) -> Option<Cow<'_, str>> {
    if !has_unsigned(message) {
        return Some(message.text().into());
    }
    let content = message.stated("content")?;
    let kept = content.items()?.filter(|block| !is_foreign(*block));
    let kept: Vec<&str> = kept.map(Json::text).collect();
    let (text, begins) = (message.text(), message.place().start);
    let Range { start, end } = content.place();
    let (before, after) = (&text[..start - begins], &text[end - begins..]);
    let is_left = !kept.is_empty();
    is_left.then(|| format!("{before}[{}]{after}", kept.join(",")).into())
}

fn is_foreign(block: Json<'_>) -> bool {
    let text = |name| block.stated(name).and_then(Json::string);
    text("signature").is_some_and(|signature| is_unsigned(&signature))
        && text("type").is_some_and(|kind| kind == "thinking")
}
