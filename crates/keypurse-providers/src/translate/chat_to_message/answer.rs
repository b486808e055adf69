//! A whole answer.

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Did, stop_reason};
use crate::anthropic::{UNSIGNED, write_usage};
use crate::openai::read_usage;
use crate::translate::NoAnswer;
use crate::translate::call_id::call_id;
use crate::translate::chat_answer::{Completion, Piece, Said, some_text};

#[derive(Serialize)]
struct Message<'a> {
    id: Option<&'a RawValue>,
    #[serde(rename = "type")]
    kind: &'static str,
    role: &'static str,
    model: Option<&'a RawValue>,
    content: Vec<Block<'a>>,
    stop_reason: &'static str,
    stop_sequence: Option<&'a str>,
    usage: Option<Value>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block<'a> {
    Thinking {
        thinking: &'a RawValue,
        signature: &'static str,
    },
    Text {
        text: &'a RawValue,
    },
    ToolUse {
        id: Box<RawValue>,
        name: &'a RawValue,
        input: Box<RawValue>,
    },
}

/// Translates an answer.
pub(in crate::translate) fn translate(body: &[u8]) -> Result<Vec<u8>, NoAnswer> {
    let (completion, choice) = Completion::read(body)?;
    let mut said = choice.message;
    let calls = said.tool_calls.take().unwrap_or_default();
    let mut content = texts(&said)?;
    let did = match (calls.as_slice(), some_text(said.refusal)) {
        ([], None) => Did::Speak,
        ([], Some(_)) => Did::Refuse,
        ([_, ..], _) => Did::CallTools,
    };
    for (number, call) in (0..).zip(&calls) {
        content.push(Block::ToolUse {
            id: call_id(call.id, completion.id, number),
            name: call.function.name,
            input: input(call.function.arguments.as_deref().unwrap_or_default()),
        });
    }
    let counts = completion.usage.and_then(|usage| read_usage(usage).ok());
    let message = Message {
        id: completion.id,
        kind: "message",
        role: "assistant",
        model: completion.model,
        content,
        stop_reason: stop_reason(choice.finish_reason.as_deref(), did),
        stop_sequence: None,
        usage: counts.as_ref().map(write_usage),
    };
    Ok(serde_json::to_vec(&message).expect("texts and numbers are JSON"))
}

/// Thinking and texts, in their order.
fn texts<'a>(said: &Said<'a>) -> Result<Vec<Block<'a>>, NoAnswer> {
    let said_pieces = said.pieces().ok_or(NoAnswer)?;
    let blocks = said_pieces.into_iter().filter_map(|piece| match piece {
        Piece::Text(text) | Piece::Refusal(text) => {
            some_text(Some(text)).map(|text| Block::Text { text })
        }
        Piece::Thinking(text) => some_text(Some(text)).map(|thinking| Block::Thinking {
            thinking,
            signature: UNSIGNED,
        }),
    });
    Ok(blocks.collect())
}

/// A call that was cut at the limit has no whole object. What there is of it
/// stays readable.
fn input(arguments: &str) -> Box<RawValue> {
    let text = arguments.trim();
    let whole = RawValue::from_string(text.to_owned());
    let whole = whole.ok().filter(|raw| raw.get().starts_with('{'));
    whole.unwrap_or_else(|| {
        let rest = if text.is_empty() {
            serde_json::json!({})
        } else {
            serde_json::json!({ "incomplete_json": arguments })
        };
        serde_json::value::to_raw_value(&rest).expect("a text is JSON")
    })
}
