//! Turns of a conversation: user and assistant take turns, and results of
//! tools are the user's.

use serde::Serialize;

use super::blocks::Block;
use crate::translate::Untranslatable;
use crate::translate::call_id;
use crate::translate::chat::Turn;

#[derive(Debug, Serialize)]
pub(super) struct Message<'a> {
    pub(super) role: &'static str,
    pub(super) content: Vec<Block<'a>>,
}

/// Joins messages of one role that follow each other, as Anthropic would do
/// itself: the results of parallel calls have to be in one turn.
pub(super) fn messages<'a>(turns: &'a mut [Turn<'a>]) -> Result<Vec<Message<'a>>, Untranslatable> {
    let mut messages: Vec<Message<'a>> = Vec::new();
    for turn in turns {
        let (role, content) = message(turn)?;
        if content.is_empty() {
            continue;
        }
        match messages.last_mut().filter(|last| last.role == role) {
            Some(last) => last.content.extend(content),
            None => messages.push(Message { role, content }),
        }
    }
    if messages.is_empty() {
        let why = "there must be a message with content that is not the system's";
        return Err(Untranslatable::new("messages", why));
    }
    Ok(messages)
}

fn message<'a>(turn: &'a mut Turn<'a>) -> Result<(&'static str, Vec<Block<'a>>), Untranslatable> {
    match turn {
        Turn::User(parts) => {
            let blocks = parts.drain(..).map(Block::of_part);
            Ok(("user", blocks.collect::<Result<_, _>>()?))
        }
        Turn::Tool {
            call,
            parts,
            cache_control,
        } => {
            let blocks = parts.drain(..).map(Block::of_part);
            let content = blocks.collect::<Result<_, _>>()?;
            let result = Block::ToolResult {
                tool_use_id: call_id::plain(call),
                content,
                cache_control: *cache_control,
            };
            Ok(("user", vec![result]))
        }
        Turn::Assistant {
            parts,
            calls,
            thinking,
        } => {
            let mut blocks: Vec<Block<'a>> =
                thinking.iter().map(|block| Block::Signed(block)).collect();
            for part in parts.drain(..) {
                blocks.push(Block::of_part(part)?);
            }
            blocks.extend(calls.iter().map(|call| Block::ToolUse {
                id: call_id::plain(call.id),
                name: call.name,
                input: &call.input,
                cache_control: call.cache_control,
            }));
            Ok(("assistant", blocks))
        }
    }
}
