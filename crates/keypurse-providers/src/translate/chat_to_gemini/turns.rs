//! Turns of a conversation: user and model take turns, and results of
//! functions are the user's.

use serde::Serialize;
use serde_json::value::RawValue;

use super::parts::{FunctionCall, FunctionResponse, OutPart, Output};
use crate::translate::Untranslatable;
use crate::translate::chat::{Call, Part, Turn};

#[derive(Debug, Serialize)]
pub(super) struct Content<'a> {
    role: &'static str,
    parts: Vec<OutPart<'a>>,
}

/// Joins messages of one role that follow each other: the results of parallel
/// calls have to be in one turn, and what they show besides texts comes after
/// them. `unsigned` stands in for a proof that a
/// call's model wants and the client does not have.
pub(super) fn contents<'a>(
    turns: &'a [Turn<'a>],
    unsigned: Option<&'a RawValue>,
) -> Result<Vec<Content<'a>>, Untranslatable> {
    let mut contents: Vec<Content<'a>> = Vec::new();
    let mut shown: Vec<OutPart<'a>> = Vec::new();
    for (at, turn) in turns.iter().enumerate() {
        let (role, parts) = match turn {
            Turn::User(parts) => ("user", translated(parts)?),
            Turn::Assistant { parts, calls, .. } => {
                let mut parts = translated(parts)?;
                // Of parallel calls only the first one is signed.
                let mut stand_in = unsigned;
                parts.extend(calls.iter().map(|call| call_part(call, stand_in.take())));
                ("model", parts)
            }
            Turn::Tool { call, parts, .. } => {
                let media = parts.iter().filter(|part| !matches!(part, Part::Text(_)));
                for part in media {
                    shown.push(OutPart::of(part)?);
                }
                let mut parts = vec![result(&turns[..at], call, parts)?];
                if !matches!(turns.get(at + 1), Some(Turn::Tool { .. })) {
                    parts.append(&mut shown);
                }
                ("user", parts)
            }
        };
        if parts.is_empty() {
            continue;
        }
        match contents.last_mut().filter(|last| last.role == role) {
            Some(last) => last.parts.extend(parts),
            None => contents.push(Content { role, parts }),
        }
    }
    if contents.is_empty() {
        let why = "there must be a message with content that is not the system's";
        return Err(Untranslatable::new("messages", why));
    }
    Ok(contents)
}

fn call_part<'a>(call: &'a Call<'a>, stand_in: Option<&'a RawValue>) -> OutPart<'a> {
    OutPart {
        function_call: Some(FunctionCall {
            id: call.id,
            name: call.name,
            args: &call.input,
        }),
        thought_signature: call.signature.or(stand_in),
        ..OutPart::default()
    }
}

fn result<'a>(
    earlier: &'a [Turn<'a>],
    call: &'a RawValue,
    parts: &[Part<'a>],
) -> Result<OutPart<'a>, Untranslatable> {
    let function_response = FunctionResponse {
        id: call,
        name: called(earlier, call)?,
        response: Output {
            output: joined(parts),
        },
    };
    Ok(OutPart {
        function_response: Some(function_response),
        ..OutPart::default()
    })
}

fn translated<'a>(parts: &[Part<'a>]) -> Result<Vec<OutPart<'a>>, Untranslatable> {
    parts.iter().map(OutPart::of).collect()
}

/// The function whose call has this id. Results name it, too.
fn called<'a>(earlier: &'a [Turn<'a>], id: &RawValue) -> Result<&'a RawValue, Untranslatable> {
    let calls = earlier.iter().rev().filter_map(|turn| match turn {
        Turn::Assistant { calls, .. } => Some(calls),
        Turn::User(_) | Turn::Tool { .. } => None,
    });
    let mut named = calls.flatten().filter(|call| call.id.get() == id.get());
    let named = named.next().map(|call| call.name);
    named.ok_or_else(|| {
        let why = "a result must name an earlier call by its `tool_call_id`";
        Untranslatable::new("messages", why)
    })
}

/// A result's texts as one.
fn joined(parts: &[Part<'_>]) -> Box<RawValue> {
    let mut text = String::from("\"");
    for part in parts {
        if let Part::Text(part) = part {
            let written = part.text.get();
            text.push_str(&written[1..written.len() - 1]);
        }
    }
    text.push('"');
    RawValue::from_string(text).expect("texts as they are written")
}
