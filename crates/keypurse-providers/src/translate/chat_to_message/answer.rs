//! A whole answer.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::content::{Piece, pieces};
use super::{Did, stop_reason};
use crate::anthropic::write_usage;
use crate::openai::read_usage;
use crate::openai::text::is_object;
use crate::translate::NoAnswer;
use crate::translate::call_id::call_id;

#[derive(Deserialize)]
struct Completion<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    model: Option<&'a RawValue>,
    #[serde(borrow)]
    choices: Vec<Choice<'a>>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    message: Said<'a>,
    #[serde(borrow, default)]
    finish_reason: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Said<'a> {
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    refusal: Option<&'a RawValue>,
    #[serde(borrow, default)]
    reasoning_content: Option<&'a RawValue>,
    /// The same by another name; some servers write both.
    #[serde(borrow, default)]
    reasoning: Option<&'a RawValue>,
    #[serde(borrow, default)]
    tool_calls: Option<Vec<Call<'a>>>,
}

#[derive(Deserialize)]
struct Call<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    function: Function<'a>,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(borrow)]
    name: &'a RawValue,
    #[serde(borrow, default)]
    arguments: Option<Cow<'a, str>>,
}

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
    if !is_object(body) {
        return Err(NoAnswer);
    }
    let completion: Completion<'_> = serde_json::from_slice(body).map_err(|_| NoAnswer)?;
    let mut choices = completion.choices.into_iter();
    let choice = choices.next().ok_or(NoAnswer)?;
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
    let reasoning = some_text(said.reasoning_content).or(some_text(said.reasoning));
    let content = said.content.map_or(Some(Vec::new()), pieces);
    let mut said_pieces: Vec<Piece<'a>> = Vec::new();
    said_pieces.extend(reasoning.map(Piece::Thinking));
    said_pieces.extend(content.ok_or(NoAnswer)?);
    said_pieces.extend(some_text(said.refusal).map(Piece::Text));
    let blocks = said_pieces.into_iter().filter_map(|piece| match piece {
        Piece::Text(text) => some_text(Some(text)).map(|text| Block::Text { text }),
        Piece::Thinking(text) => some_text(Some(text)).map(|thinking| Block::Thinking {
            thinking,
            signature: "",
        }),
    });
    Ok(blocks.collect())
}

fn some_text(text: Option<&RawValue>) -> Option<&RawValue> {
    text.filter(|text| text.get().starts_with('"') && text.get() != "\"\"")
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
