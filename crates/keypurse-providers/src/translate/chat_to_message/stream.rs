//! A stream, chunk by chunk.

use std::borrow::Cow;

use keypurse_core::usage::TokenCounts;
use serde_json::value::RawValue;

use super::{Did, error, stop_reason};
use crate::anthropic::{UNSIGNED, signing, to_event, write_usage};
use crate::openai::read_usage;
use crate::translate::call_id::call_id;
use crate::translate::chat_answer::{Call, Chunk, ChunkChoice, LastCall, Piece, Place, some};
use crate::translate::feed::{StreamFault, needs_text};

/// Which block is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Text,
    Thinking,
    Call,
}

/// How a block begins. Thinking is signed from there on, for who leaves before
/// it ends.
fn begun(kind: Open) -> Cow<'static, str> {
    match kind {
        Open::Thinking => {
            format!(r#"{{"type":"thinking","thinking":"","signature":"{UNSIGNED}"}}"#).into()
        }
        Open::Text | Open::Call => r#"{"type":"text","text":""}"#.into(),
    }
}

/// Where a stream stands. Of the model's text nothing is kept.
#[derive(Debug, Default)]
pub(in crate::translate) struct ChatStream {
    has_begun: bool,
    answer_id: Option<Box<RawValue>>,
    open: Option<Open>,
    /// Blocks begun so far.
    blocks: u64,
    /// Tool calls begun so far.
    calls: u64,
    last_call: Option<LastCall>,
    did: Did,
    stop_reason: Option<&'static str>,
    /// What was told of all that was said.
    counts: Option<TokenCounts>,
    /// It was told when the answer was whole.
    is_told_whole: bool,
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
        let chunk = Chunk::read(data).ok_or(StreamFault::Nonsense)?;
        if let Some(error) = chunk.error {
            out.push_str(&error::event(error));
            self.is_over = true;
            return Ok(());
        }
        self.begin(&chunk, out)?;
        for choice in chunk.choices.into_iter().flatten() {
            if choice.index.unwrap_or(0) == 0 {
                self.add(&choice, out)?;
            }
        }
        if let Some(usage) = chunk.usage {
            self.counts = read_usage(usage).ok();
            self.is_told_whole = self.stop_reason.is_some();
        }
        Ok(())
    }

    /// The usage of the whole answer, once that is there.
    pub(in crate::translate) fn usage_told(&self) -> Option<TokenCounts> {
        self.counts.filter(|_| self.is_told_whole)
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
        if self.has_begun || !chunk.begins() {
            return Ok(());
        }
        self.has_begun = true;
        for label in [chunk.id, chunk.model].into_iter().flatten() {
            needs_text(label)?;
        }
        self.answer_id = chunk.id.map(ToOwned::to_owned);
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

    fn add(&mut self, choice: &ChunkChoice<'_>, out: &mut String) -> Result<(), StreamFault> {
        if let Some(delta) = &choice.delta {
            for piece in delta.pieces().ok_or(StreamFault::Nonsense)? {
                match piece {
                    Piece::Text(text) => self.text(Open::Text, text, out)?,
                    Piece::Thinking(text) => self.text(Open::Thinking, text, out)?,
                    Piece::Refusal(text) => self.refusal(text, out)?,
                }
            }
            for call in delta.tool_calls.iter().flatten() {
                self.call(call, out)?;
            }
        }
        if let Some(reason) = choice.finish_reason() {
            self.stop_reason = Some(stop_reason(Some(reason), self.did));
        }
        Ok(())
    }

    fn refusal(&mut self, text: &RawValue, out: &mut String) -> Result<(), StreamFault> {
        if self.did == Did::Speak {
            self.did = Did::Refuse;
        }
        self.text(Open::Text, text, out)
    }

    fn text(&mut self, kind: Open, text: &RawValue, out: &mut String) -> Result<(), StreamFault> {
        needs_text(text)?;
        let text = text.get();
        if self.open != Some(kind) {
            self.open_block(kind, &begun(kind), out);
        }
        let delta = match kind {
            Open::Thinking => format!(r#"{{"type":"thinking_delta","thinking":{text}}}"#),
            Open::Text | Open::Call => format!(r#"{{"type":"text_delta","text":{text}}}"#),
        };
        self.delta(&delta, out);
        Ok(())
    }

    /// Calls come one after the other; a piece of an earlier one has no block
    /// to go to any more.
    fn call(&mut self, call: &Call<'_>, out: &mut String) -> Result<(), StreamFault> {
        match call.place(self.last_call.as_ref()) {
            Place::Begins { number, name } => {
                needs_text(name)?;
                self.begin_call(call, name, out);
                self.last_call = Some(LastCall::new(number, call.id(), name));
            }
            Place::GoesOn if self.open == Some(Open::Call) => {}
            // It says nothing.
            Place::GoesOn | Place::Stray if call.arguments().is_none() => return Ok(()),
            Place::GoesOn | Place::Stray => return Err(StreamFault::Nonsense),
        }
        let (Some(arguments), Some(last)) = (call.arguments(), &mut self.last_call) else {
            return Ok(());
        };
        needs_text(arguments)?;
        last.add(arguments);
        let arguments = arguments.get();
        self.delta(
            &format!(r#"{{"type":"input_json_delta","partial_json":{arguments}}}"#),
            out,
        );
        Ok(())
    }

    fn begin_call(&mut self, call: &Call<'_>, name: &RawValue, out: &mut String) {
        let id = call_id(call.id(), self.answer_id.as_deref(), self.calls);
        let block = format!(r#"{{"type":"tool_use","id":{id},"name":{name},"input":{{}}}}"#);
        self.open_block(Open::Call, &block, out);
        self.calls += 1;
        self.did = Did::CallTools;
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

    fn delta(&mut self, delta: &str, out: &mut String) {
        // Some tell usage as they go: what was told is not of this.
        self.counts = None;
        let index = self.blocks.saturating_sub(1);
        let data = format!(r#"{{"type":"content_block_delta","index":{index},"delta":{delta}}}"#);
        out.push_str(&to_event("content_block_delta", &data));
    }

    fn close(&mut self, out: &mut String) {
        if let Some(open) = self.open.take() {
            let index = self.blocks - 1;
            if open == Open::Thinking {
                out.push_str(&signing(index));
            }
            let data = format!(r#"{{"type":"content_block_stop","index":{index}}}"#);
            out.push_str(&to_event("content_block_stop", &data));
        }
    }
}
