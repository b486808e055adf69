//! Where a prompt is cached.
//!
//! OpenAI caches prompts by itself, and a client that sends one again and again
//! names them by `prompt_cache_key`. Anthropic has to be told where ("Prompt
//! caching"): behind what stays (tools and system), and behind the last message,
//! whose prefix the next request begins with. A client that says so itself is
//! left alone.

use serde_json::value::RawValue;

use super::blocks::Block;
use super::turns::Message;
use crate::translate::chat::Tool;

/// For five minutes.
pub(super) const SHORT: &str = r#"{"type":"ephemeral"}"#;

/// Marks what is to be cached.
pub(super) fn mark<'a>(
    mark: &'a RawValue,
    tools: &mut [Tool<'a>],
    system: &mut [Block<'a>],
    messages: &mut [Message<'a>],
) {
    let in_messages = messages.iter().flat_map(|message| &message.content);
    let is_marked = tools.iter().any(|tool| tool.cache_control.is_some())
        || system.iter().chain(in_messages).any(Block::is_marked);
    if is_marked {
        return;
    }
    let last = messages.last_mut();
    let last = last.and_then(|message| message.content.last_mut());
    last.and_then(Block::mark).map(|place| place.insert(mark));
    match (system.last_mut(), tools.last_mut()) {
        (Some(block), _) => drop(block.mark().map(|place| place.insert(mark))),
        (None, Some(tool)) => tool.cache_control = Some(mark),
        (None, None) => {}
    }
}
