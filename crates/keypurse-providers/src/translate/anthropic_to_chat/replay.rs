//! A whole message as the chunks its stream would have been: a completion does
//! not say in which order a model thought, spoke and called.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer::Message;
use super::{AnthropicStream, finish_reason};
use crate::translate::NoAnswer;

/// What is asked of a block, which stands in its first event whole.
#[derive(Deserialize)]
struct Block<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    signature: Option<&'a RawValue>,
}

/// Translates an answer to chunks.
pub(in crate::translate) fn chunks(body: &[u8], created: u64) -> Result<String, NoAnswer> {
    let message = Message::read(body)?;
    let or_null = |value: Option<&RawValue>| value.map_or("null", RawValue::get).to_owned();
    let mut events = vec![format!(
        r#"{{"type":"message_start","message":{{"id":{},"model":{},"usage":{}}}}}"#,
        or_null(message.id),
        or_null(message.model),
        or_null(message.usage),
    )];
    let is_cut = finish_reason(message.stop_reason.as_deref()) == "length";
    let last = message.content.len().saturating_sub(1);
    for (index, raw) in message.content.iter().enumerate() {
        let is_object = raw.get().starts_with('{');
        let block = is_object.then(|| serde_json::from_str::<Block<'_>>(raw.get()).ok());
        let block = block.flatten().ok_or(NoAnswer)?;
        // The limit cut it: what is missing of its input nobody knows.
        if is_cut && index == last && block.kind == "tool_use" {
            continue;
        }
        events.push(format!(
            r#"{{"type":"content_block_start","index":{index},"content_block":{raw}}}"#
        ));
        if let Some(signature) = block.signature {
            let delta = format!(r#"{{"type":"signature_delta","signature":{signature}}}"#);
            events.push(format!(
                r#"{{"type":"content_block_delta","index":{index},"delta":{delta}}}"#
            ));
        }
        events.push(format!(
            r#"{{"type":"content_block_stop","index":{index}}}"#
        ));
    }
    let stop_reason = message.stop_reason.as_deref().unwrap_or("end_turn");
    let stop_reason = serde_json::to_string(stop_reason).expect("a text is JSON");
    let usage = or_null(message.usage);
    events.push(format!(
        r#"{{"type":"message_delta","delta":{{"stop_reason":{stop_reason}}},"usage":{usage}}}"#
    ));
    events.push(r#"{"type":"message_stop"}"#.to_owned());
    let (mut stream, mut out) = (AnthropicStream::new(created), String::new());
    for event in &events {
        stream.event(event, &mut out).map_err(|_| NoAnswer)?;
    }
    Ok(out)
}
