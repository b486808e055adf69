//! The conversation, as messages send it.

use serde_json_borrow::Value;

use crate::simulator::{
    conversation::{Asked, Message, Part, Role},
    failure::InvalidRequest,
    fields::{Json, get, present, string},
};

pub(super) fn read(body: Json<'_>) -> Result<Vec<Message<'_>>, InvalidRequest> {
    let messages = match get(body, "messages") {
        Some(Value::Array(messages)) if !messages.is_empty() => messages,
        _ => {
            let message = "expected an array with at least one message";
            return Err(InvalidRequest::new("messages", message));
        }
    };
    let mut read: Vec<_> = system(body)?.into_iter().collect();
    let mut asked = Asked::default();
    let mut last = None;
    for (index, message) in messages.iter().enumerate() {
        let message = Reader { index }.read(message, &mut asked, last)?;
        last = Some(message.role);
        read.push(message);
    }
    asked.settle()?;
    Ok(read)
}

fn system(body: Json<'_>) -> Result<Option<Message<'_>>, InvalidRequest> {
    let invalid = || InvalidRequest::new("system", "expected a string or an array of text blocks");
    let content = match present(body, "system") {
        None => return Ok(None),
        Some(Value::Str(text)) => vec![Part::Text(text)],
        Some(Value::Array(blocks)) => {
            let texts = blocks.iter().map(|block| {
                let text = get(block, "text").and_then(Value::as_str);
                text.map(Part::Text).ok_or_else(invalid)
            });
            texts.collect::<Result<_, _>>()?
        }
        Some(_) => return Err(invalid()),
    };
    let role = Role::System;
    Ok(Some(Message { role, content }))
}

struct Reader {
    index: usize,
}

impl Reader {
    /// `asked` holds the calls made so far, which results must answer before the
    /// assistant's next turn. Messages of one role are one turn.
    fn read<'a>(
        &self,
        message: Json<'a>,
        asked: &mut Asked<'a>,
        last: Option<Role>,
    ) -> Result<Message<'a>, InvalidRequest> {
        let role = match string(message, "role", || self.path("role"))? {
            "user" => Role::User,
            "assistant" => Role::Assistant,
            "system" => Role::System,
            _ => {
                let expected = "expected user or assistant";
                return Err(InvalidRequest::new(self.path("role"), expected));
            }
        };
        if role == Role::Assistant && last != Some(Role::Assistant) {
            asked.settle()?;
        }
        let blocks = match get(message, "content") {
            Some(Value::Str(text)) => {
                let content = vec![Part::Text(text)];
                return Ok(Message { role, content });
            }
            Some(Value::Array(blocks)) => blocks,
            _ => {
                let expected = "expected a string or an array of content blocks";
                return Err(InvalidRequest::new(self.path("content"), expected));
            }
        };
        let mut content = Vec::with_capacity(blocks.len());
        let mut answers = false;
        for (at, block) in blocks.iter().enumerate() {
            answers |= get(block, "type").and_then(Value::as_str) == Some("tool_result");
            self.block(block, at, asked, &mut content)?;
        }
        // A tool has spoken, whoever carries what it said.
        let role = if answers { Role::Tool } else { role };
        Ok(Message { role, content })
    }

    fn block<'a>(
        &self,
        block: Json<'a>,
        at: usize,
        asked: &mut Asked<'a>,
        content: &mut Vec<Part<'a>>,
    ) -> Result<(), InvalidRequest> {
        let path = |field: &str| self.path(&format!("content[{at}].{field}"));
        let is_object = |field: &str| match get(block, field) {
            Some(Value::Object(_)) => Ok(()),
            _ => Err(InvalidRequest::new(path(field), "expected an object")),
        };
        match string(block, "type", || path("type"))? {
            "text" => content.push(Part::Text(string(block, "text", || path("text"))?)),
            "image" => {
                is_object("source")?;
                content.push(Part::Image);
            }
            "document" => {
                is_object("source")?;
                content.push(Part::File);
            }
            "thinking" => {
                let thoughts = string(block, "thinking", || path("thinking"))?;
                content.push(Part::Text(thoughts));
            }
            "tool_use" => {
                asked.call(string(block, "id", || path("id"))?, path("id"));
                is_object("input")?;
                content.push(Part::Calls(block));
            }
            "tool_result" => {
                let id = string(block, "tool_use_id", || path("tool_use_id"))?;
                if !asked.answer(id) {
                    let message = "a result must answer a `tool_use` of the message before, and \
                                   alone";
                    return Err(InvalidRequest::new(path("tool_use_id"), message));
                }
                result(block, || path("content"), content)?;
            }
            // Search results and the traces of tools that Anthropic runs.
            _ => content.push(Part::File),
        }
        Ok(())
    }

    fn path(&self, field: &str) -> String {
        format!("messages[{}].{field}", self.index)
    }
}

/// What a tool said.
fn result<'a>(
    block: Json<'a>,
    path: impl Fn() -> String,
    content: &mut Vec<Part<'a>>,
) -> Result<(), InvalidRequest> {
    match present(block, "content") {
        None => {}
        Some(Value::Str(text)) => content.push(Part::Text(text)),
        Some(Value::Array(blocks)) => content.extend(blocks.iter().map(|block| {
            match (get(block, "text"), get(block, "type")) {
                (Some(Value::Str(text)), _) => Part::Text(text),
                (_, Some(Value::Str(kind))) if kind == "image" => Part::Image,
                _ => Part::File,
            }
        })),
        Some(_) => {
            let expected = "expected a string or an array of content blocks";
            return Err(InvalidRequest::new(path(), expected));
        }
    }
    Ok(())
}
