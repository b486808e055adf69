//! A whole answer.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::finish_reason;
use crate::anthropic::{Block, read_usage};
use crate::openai::text::is_object;
use crate::translate::NoAnswer;
use crate::translate::completion::{Answered, AnsweredCall, completion};

/// A whole message. Its blocks are as they are written.
#[derive(Deserialize)]
pub(super) struct Message<'a> {
    #[serde(borrow, default)]
    pub(super) id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) model: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) content: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) stop_reason: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) usage: Option<&'a RawValue>,
}

impl<'a> Message<'a> {
    pub(super) fn read(body: &'a [u8]) -> Result<Self, NoAnswer> {
        let message = is_object(body).then(|| serde_json::from_slice(body).ok());
        message.flatten().ok_or(NoAnswer)
    }
}

/// Translates an answer.
pub(in crate::translate) fn translate(body: &[u8], created: u64) -> Result<Vec<u8>, NoAnswer> {
    let message = Message::read(body)?;
    let mut answer = Answered {
        finish_reason: finish_reason(message.stop_reason.as_deref()),
        ..Answered::default()
    };
    for raw in message.content {
        let is_object = raw.get().starts_with('{');
        let block = is_object.then(|| serde_json::from_str::<Block<'_>>(raw.get()).ok());
        add(&mut answer, raw, &block.flatten().ok_or(NoAnswer)?)?;
    }
    let counts = message.usage.and_then(|usage| read_usage(usage).ok());
    let (id, model) = (message.id, message.model);
    let answers = [answer];
    Ok(completion(id, model, created, &answers, counts.as_ref()))
}

fn add<'a>(
    answer: &mut Answered<'a>,
    raw: &'a RawValue,
    block: &Block<'a>,
) -> Result<(), NoAnswer> {
    match block.kind.as_ref() {
        "text" => append(&mut answer.content, block.text)?,
        "thinking" => {
            append(&mut answer.reasoning, block.thinking)?;
            answer.thinking_blocks.push(raw);
        }
        "redacted_thinking" => answer.thinking_blocks.push(raw),
        "tool_use" => {
            let id = block.id.ok_or(NoAnswer)?;
            let name = block.name.ok_or(NoAnswer)?;
            let input = block.input.map_or("{}", RawValue::get);
            let call = AnsweredCall::new(Cow::Borrowed(id), name, input, None);
            answer.calls.push(call);
        }
        // What the provider's own tools did; only a `messages` request has them.
        _ => {}
    }
    Ok(())
}

/// Blocks of text are one text that was cut where it is cited.
fn append(to: &mut Option<String>, text: Option<&RawValue>) -> Result<(), NoAnswer> {
    let Some(text) = text else { return Ok(()) };
    Answered::append(to, text).ok_or(NoAnswer)
}
