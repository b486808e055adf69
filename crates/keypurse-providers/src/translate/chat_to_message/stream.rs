//! A stream, chunk by chunk.

use std::borrow::Cow;

use keypurse_core::usage::TokenCounts;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::content::{Piece, pieces};
use super::{Did, error, stop_reason};
use crate::anthropic::{to_event, write_usage};
use crate::openai::read_usage;
use crate::translate::feed::StreamFault;

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    model: Option<&'a RawValue>,
    #[serde(borrow, default)]
    choices: Option<Vec<Choice<'a>>>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(default)]
    index: Option<u64>,
    #[serde(borrow, default)]
    delta: Option<Delta<'a>>,
    #[serde(borrow, default)]
    finish_reason: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Delta<'a> {
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
    #[serde(default)]
    index: Option<u64>,
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    function: Option<Function<'a>>,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(borrow, default)]
    name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
}

/// Which block is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Text,
    Thinking,
    Call,
}

/// The tool call that began last.
#[derive(Debug)]
struct LastCall {
    number: u64,
    /// As it is written; empty where the provider gave none.
    id: String,
}

/// Where a stream stands. Of the model's text nothing is kept.
#[derive(Debug, Default)]
pub(in crate::translate) struct ChatStream {
    has_begun: bool,
    open: Option<Open>,
    /// Blocks begun so far.
    blocks: u64,
    /// The last tool call, if any began.
    last_call: Option<LastCall>,
    did: Did,
    stop_reason: Option<&'static str>,
    counts: Option<TokenCounts>,
    is_over: bool,
}

impl ChatStream {
    /// Translates one event's data.
    pub(in crate::translate) fn event(
        &mut self,
        data: &str,
        out: &mut String,
    ) -> Result<(), StreamFault> {
        if self.is_over {
            return Ok(());
        }
        let is_object = data.trim_start().starts_with('{');
        let chunk = is_object.then(|| serde_json::from_str::<Chunk<'_>>(data).ok());
        let chunk = chunk.flatten().ok_or(StreamFault::Nonsense)?;
        if let Some(error) = chunk.error {
            out.push_str(&error::event(error));
            self.is_over = true;
            return Ok(());
        }
        self.begin(&chunk, out)?;
        if let Some(usage) = chunk.usage {
            self.counts = read_usage(usage).ok();
        }
        for choice in chunk.choices.into_iter().flatten() {
            if choice.index.unwrap_or(0) == 0 {
                self.add(&choice, out)?;
            }
        }
        Ok(())
    }

    /// A keep-alive, once the message has begun.
    pub(in crate::translate) fn idle(&self, out: &mut String) {
        if self.has_begun && !self.is_over {
            out.push_str(&to_event("ping", r#"{"type":"ping"}"#));
        }
    }

    /// Nothing more comes. Only what ended was whole.
    pub(in crate::translate) fn end(&mut self, out: &mut String) {
        let (true, Some(stop_reason)) = (!self.is_over, self.stop_reason) else {
            return;
        };
        self.is_over = true;
        self.close(out);
        let usage = self.counts.as_ref().map(write_usage);
        let usage = usage.map_or_else(|| "null".to_owned(), |usage| usage.to_string());
        let data = format!(
            r#"{{"type":"message_delta","delta":{{"stop_reason":"{stop_reason}","stop_sequence":null}},"usage":{usage}}}"#
        );
        out.push_str(&to_event("message_delta", &data));
        out.push_str(&to_event("message_stop", r#"{"type":"message_stop"}"#));
    }

    fn begin(&mut self, chunk: &Chunk<'_>, out: &mut String) -> Result<(), StreamFault> {
        // Azure first tells what its filters found, under no name.
        let is_named = some(chunk.id).is_some();
        let says_something = chunk.choices.as_ref().is_some_and(|all| !all.is_empty());
        if self.has_begun || !(is_named || says_something) {
            return Ok(());
        }
        self.has_begun = true;
        for label in [chunk.id, chunk.model].into_iter().flatten() {
            needs_text(label)?;
        }
        let data = format!(
            concat!(
                r#"{{"type":"message_start","message":{{"id":{},"type":"message","#,
                r#""role":"assistant","model":{},"content":[],"stop_reason":null,"#,
                r#""stop_sequence":null,"usage":{{"input_tokens":0,"output_tokens":0}}}}}}"#
            ),
            some(chunk.id).map_or("\"msg_translated\"", RawValue::get),
            chunk.model.map_or("\"\"", RawValue::get),
        );
        out.push_str(&to_event("message_start", &data));
        Ok(())
    }

    fn add(&mut self, choice: &Choice<'_>, out: &mut String) -> Result<(), StreamFault> {
        if let Some(delta) = &choice.delta {
            let reasoning = some(delta.reasoning_content).or(delta.reasoning);
            self.text(Open::Thinking, reasoning, out)?;
            self.content(delta.content, out)?;
            self.text(Open::Text, delta.refusal, out)?;
            if some(delta.refusal).is_some() && self.did == Did::Speak {
                self.did = Did::Refuse;
            }
            for call in delta.tool_calls.iter().flatten() {
                self.call(call, out)?;
            }
        }
        if choice.finish_reason.is_some() {
            let reason = choice.finish_reason.as_deref();
            self.stop_reason = Some(stop_reason(reason, self.did));
        }
        Ok(())
    }

    fn content(&mut self, content: Option<&RawValue>, out: &mut String) -> Result<(), StreamFault> {
        let Some(content) = content else {
            return Ok(());
        };
        for piece in pieces(content).ok_or(StreamFault::Nonsense)? {
            match piece {
                Piece::Text(text) => self.text(Open::Text, Some(text), out)?,
                Piece::Thinking(text) => self.text(Open::Thinking, Some(text), out)?,
            }
        }
        Ok(())
    }

    fn text(
        &mut self,
        kind: Open,
        text: Option<&RawValue>,
        out: &mut String,
    ) -> Result<(), StreamFault> {
        let Some(text) = some(text) else {
            return Ok(());
        };
        needs_text(text)?;
        let text = text.get();
        let (block, delta) = match kind {
            Open::Thinking => (
                r#"{"type":"thinking","thinking":"","signature":""}"#,
                format!(r#"{{"type":"thinking_delta","thinking":{text}}}"#),
            ),
            Open::Text | Open::Call => (
                r#"{"type":"text","text":""}"#,
                format!(r#"{{"type":"text_delta","text":{text}}}"#),
            ),
        };
        if self.open != Some(kind) {
            self.open_block(kind, block, out);
        }
        self.delta(&delta, out);
        Ok(())
    }

    /// Calls come one after the other; a piece of an earlier one has no block
    /// to go to any more.
    fn call(&mut self, call: &Call<'_>, out: &mut String) -> Result<(), StreamFault> {
        let function = call.function.as_ref();
        let name = some(function.and_then(|function| function.name));
        let number = self.number_of(call, name.is_some());
        let is_new = name.is_some() && self.is_new(call, number);
        if let (Some(name), true) = (name, is_new) {
            needs_text(name)?;
            let made_up = format!("\"call_{number}\"");
            let id = some(call.id).map_or(made_up.as_str(), RawValue::get);
            let block = format!(
                r#"{{"type":"tool_use","id":{id},"name":{},"input":{{}}}}"#,
                name.get()
            );
            self.open_block(Open::Call, &block, out);
            let id = some(call.id).map_or_else(String::new, |id| id.get().to_owned());
            self.last_call = Some(LastCall { number, id });
            self.did = Did::CallTools;
        }
        let is_open = self.open == Some(Open::Call)
            && self
                .last_call
                .as_ref()
                .is_some_and(|last| last.number == number);
        if !is_open {
            return Err(StreamFault::Nonsense);
        }
        let Some(arguments) = some(function.and_then(|function| function.arguments)) else {
            return Ok(());
        };
        needs_text(arguments)?;
        let arguments = arguments.get();
        self.delta(
            &format!(r#"{{"type":"input_json_delta","partial_json":{arguments}}}"#),
            out,
        );
        Ok(())
    }

    /// Some servers send calls whole and do not number them.
    fn number_of(&self, call: &Call<'_>, is_named: bool) -> u64 {
        let Some(last) = &self.last_call else {
            return call.index.unwrap_or(0);
        };
        let is_same = match some(call.id) {
            Some(id) => id.get() == last.id,
            None => !is_named,
        };
        let next = last.number.saturating_add(1);
        let number = if is_same { last.number } else { next };
        call.index.unwrap_or(number)
    }

    /// Whether a named piece begins a call. Google gives all calls of an answer
    /// the same number, and each its own id.
    fn is_new(&self, call: &Call<'_>, number: u64) -> bool {
        self.last_call.as_ref().is_none_or(|last| {
            let is_other = some(call.id).is_some_and(|id| id.get() != last.id);
            number > last.number || (number == last.number && is_other)
        })
    }

    fn open_block(&mut self, kind: Open, block: &str, out: &mut String) {
        self.close(out);
        let index = self.blocks;
        self.blocks += 1;
        self.open = Some(kind);
        let data =
            format!(r#"{{"type":"content_block_start","index":{index},"content_block":{block}}}"#);
        out.push_str(&to_event("content_block_start", &data));
    }

    fn delta(&self, delta: &str, out: &mut String) {
        let index = self.blocks.saturating_sub(1);
        let data = format!(r#"{{"type":"content_block_delta","index":{index},"delta":{delta}}}"#);
        out.push_str(&to_event("content_block_delta", &data));
    }

    fn close(&mut self, out: &mut String) {
        if self.open.take().is_some() {
            let index = self.blocks - 1;
            let data = format!(r#"{{"type":"content_block_stop","index":{index}}}"#);
            out.push_str(&to_event("content_block_stop", &data));
        }
    }
}

fn some(text: Option<&RawValue>) -> Option<&RawValue> {
    text.filter(|text| text.get() != "\"\"")
}

/// What should be a text is passed on as it is written.
fn needs_text(raw: &RawValue) -> Result<(), StreamFault> {
    if raw.get().starts_with('"') {
        Ok(())
    } else {
        Err(StreamFault::Nonsense)
    }
}
