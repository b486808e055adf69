//! Turns of a conversation as messages: results of tools each have their own.

use super::blocks::{self, Said};
use super::out::{Content, Message, Part};
use crate::translate::Untranslatable;
use crate::translate::chat::NO_COUNTERPART;
use crate::translate::object::Object;

/// Reads one turn.
pub(super) fn read<'a>(
    mut turn: Object<'a>,
    messages: &mut Vec<Message<'a>>,
) -> Result<(), Untranslatable> {
    let role = turn.text("role")?.unwrap_or_default();
    let path = turn.name("content");
    let content = turn.take("content");
    match role.as_str() {
        "user" => user(blocks::content(&path, content)?, messages)
            .map_err(|why| Untranslatable::new(path, why))?,
        "assistant" => assistant(blocks::content(&path, content)?, messages)
            .map_err(|why| Untranslatable::new(path, why))?,
        "system" => messages.push(Message::System {
            content: Content::of(blocks::only_parts(&path, content)?),
        }),
        _ => {
            let why = "it must be `user`, `assistant` or `system`";
            return Err(turn.refuse("role", why));
        }
    }
    turn.finish(NO_COUNTERPART)
}

/// Results come first: they have to follow the call they answer. What they show
/// besides texts comes next, as the user's.
fn user<'a>(said: Vec<Said<'a>>, messages: &mut Vec<Message<'a>>) -> Result<(), &'static str> {
    let (mut shown, mut rest): (Vec<Part<'a>>, Vec<Part<'a>>) = Default::default();
    let mut has_results = false;
    for said in said {
        match said {
            Said::Parts(parts) => rest.extend(parts),
            Said::Result { call, texts, media } => {
                has_results = true;
                shown.extend(media);
                messages.push(Message::Tool {
                    tool_call_id: call,
                    content: Content::of(texts),
                });
            }
            Said::Nothing => {}
            Said::Call(_) => return Err("only the assistant calls tools"),
        }
    }
    shown.extend(rest);
    if !shown.is_empty() || !has_results {
        let content = Content::of(shown);
        messages.push(Message::User { content });
    }
    Ok(())
}

fn assistant<'a>(said: Vec<Said<'a>>, messages: &mut Vec<Message<'a>>) -> Result<(), &'static str> {
    let (mut parts, mut tool_calls) = (Vec::new(), Vec::new());
    for said in said {
        match said {
            Said::Parts(more) => parts.extend(more),
            Said::Call(call) => tool_calls.push(call),
            Said::Nothing => {}
            Said::Result { .. } => return Err("only the user answers tool calls"),
        }
    }
    if parts.iter().any(|part| !matches!(part, Part::Text { .. })) {
        return Err("an assistant's message can only be text and tool calls");
    }
    let content = (!parts.is_empty() || tool_calls.is_empty()).then(|| Content::of(parts));
    messages.push(Message::Assistant {
        content,
        tool_calls,
    });
    Ok(())
}
