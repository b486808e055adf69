//! A stream, event by event.

use keypurse_core::usage::TokenCounts;
use serde_json::value::RawValue;

use super::error::Told;
use super::finish_reason;
use crate::anthropic::{Block, Delta, Event, MessageStream};
use crate::translate::completion::{Chunks, Piece};
use crate::translate::feed::{StreamFault, needs_text};

/// Where a stream stands. Of the model's text nothing is kept.
#[derive(Debug)]
pub(in crate::translate) struct AnthropicStream {
    created: u64,
    order: MessageStream,
    chunks: Chunks,
    /// Tool calls whose block is open: the block's number, the call's, and
    /// whether it has any arguments yet.
    calls: Vec<OpenCall>,
    calls_begun: u64,
    thinking_blocks: u64,
    is_finished: bool,
    /// The usage of all that was said was told, not only what it began with.
    is_told: bool,
    is_over: bool,
}

#[derive(Debug)]
struct OpenCall {
    block: u64,
    number: u64,
    has_arguments: bool,
}

impl AnthropicStream {
    pub(in crate::translate) fn new(created: u64) -> Self {
        Self {
            created,
            order: MessageStream::default(),
            chunks: Chunks::default(),
            calls: Vec::new(),
            calls_begun: 0,
            thinking_blocks: 0,
            is_finished: false,
            is_told: false,
            is_over: false,
        }
    }

    /// Translates one event's data.
    pub(in crate::translate) fn event(
        &mut self,
        data: &str,
        out: &mut String,
    ) -> Result<(), StreamFault> {
        if self.is_over {
            return Ok(());
        }
        let event = Event::read(data).ok_or(StreamFault::Nonsense)?;
        self.order.take(&event).map_err(|_| StreamFault::Nonsense)?;
        self.is_told &= event.text_bytes() == 0;
        match event {
            Event::MessageStart { id, model, .. } => self.begin(id, model, out)?,
            Event::BlockStart { index, block } => self.begin_block(index, &block, out)?,
            Event::BlockDelta { index, delta } => self.add(index, &delta, out)?,
            Event::BlockStop { index } => self.end_block(index, out),
            Event::MessageDelta { stop_reason, usage } => {
                self.is_told |= usage.is_some();
                if stop_reason.is_some() && !self.is_finished {
                    self.is_finished = true;
                    let reason = finish_reason(stop_reason.as_deref());
                    self.chunks.finish(0, reason, out);
                }
            }
            Event::MessageStop => self.end(out),
            Event::Ping => out.push_str(": ping\n\n"),
            Event::Error(error) => {
                let told: Told<'_> =
                    serde_json::from_str(error.get()).map_err(|_| StreamFault::Nonsense)?;
                out.push_str(&told.to_event());
                self.is_over = true;
            }
            Event::Unknown => {}
        }
        Ok(())
    }

    fn begin(
        &mut self,
        id: Option<&RawValue>,
        model: Option<&RawValue>,
        out: &mut String,
    ) -> Result<(), StreamFault> {
        for label in [id, model].into_iter().flatten() {
            needs_text(label)?;
        }
        self.chunks = Chunks::of(id, model, self.created);
        let piece = Piece {
            role: Some("assistant"),
            ..Piece::default()
        };
        self.chunks.piece(0, &piece, out);
        Ok(())
    }

    fn begin_block(
        &mut self,
        index: u64,
        block: &Block<'_>,
        out: &mut String,
    ) -> Result<(), StreamFault> {
        match block.kind.as_ref() {
            "tool_use" => {
                let (Some(id), Some(name)) = (block.id, block.name) else {
                    return Err(StreamFault::Nonsense);
                };
                needs_text(id)?;
                needs_text(name)?;
                // Some servers in front of other models send it whole.
                let input = block.input.map_or("{}", RawValue::get);
                let has_arguments = input != "{}";
                let arguments = if has_arguments { input } else { "" };
                let number = self.calls_begun;
                self.calls_begun += 1;
                self.calls.push(OpenCall {
                    block: index,
                    number,
                    has_arguments,
                });
                let piece = Piece::call(number, id, name, arguments, None);
                self.chunks.piece(0, &piece, out);
                Ok(())
            }
            "redacted_thinking" => {
                let data = block.data.ok_or(StreamFault::Nonsense)?;
                let block = format!(r#""type":"redacted_thinking","data":{}"#, data.get());
                self.thinking_block(&block, out)
            }
            _ => self.add_text(block.text, block.thinking, out),
        }
    }

    fn add(&mut self, index: u64, delta: &Delta<'_>, out: &mut String) -> Result<(), StreamFault> {
        if let Some(more) = delta.partial_json {
            needs_text(more)?;
            let call = self.calls.iter_mut().find(|call| call.block == index);
            // A provider's own tool may have input, too; its block is not shown.
            if let Some(call) = call.filter(|_| more.get() != "\"\"") {
                call.has_arguments = true;
                self.chunks.more_arguments(0, call.number, more, out);
            }
            return Ok(());
        }
        if let Some(signature) = delta.signature {
            needs_text(signature)?;
            let block = format!(
                r#""type":"thinking","thinking":"","signature":{}"#,
                signature.get()
            );
            return self.thinking_block(&block, out);
        }
        self.add_text(delta.text, delta.thinking, out)
    }

    fn add_text(
        &mut self,
        text: Option<&RawValue>,
        thinking: Option<&RawValue>,
        out: &mut String,
    ) -> Result<(), StreamFault> {
        let some = |text: Option<&RawValue>| text.is_some_and(|text| text.get() != "\"\"");
        for text in [text, thinking].into_iter().flatten() {
            needs_text(text)?;
        }
        let piece = Piece {
            content: text.filter(|_| some(text)),
            reasoning_content: thinking.filter(|_| some(thinking)),
            ..Piece::default()
        };
        if some(text) || some(thinking) {
            self.chunks.piece(0, &piece, out);
        }
        Ok(())
    }

    /// Items of lists have numbers: OpenAI's SDKs put pieces together by them.
    fn thinking_block(&mut self, members: &str, out: &mut String) -> Result<(), StreamFault> {
        let index = self.thinking_blocks;
        self.thinking_blocks += 1;
        let blocks = format!(r#"[{{"index":{index},{members}}}]"#);
        let blocks = RawValue::from_string(blocks).map_err(|_| StreamFault::Nonsense)?;
        let piece = Piece {
            thinking_blocks: Some(&blocks),
            ..Piece::default()
        };
        self.chunks.piece(0, &piece, out);
        Ok(())
    }

    /// A call without any input has an empty object's.
    fn end_block(&mut self, index: u64, out: &mut String) {
        let Some(at) = self.calls.iter().position(|call| call.block == index) else {
            return;
        };
        let call = self.calls.swap_remove(at);
        if !call.has_arguments {
            let piece = Piece::arguments(call.number, "{}");
            self.chunks.piece(0, &piece, out);
        }
    }

    /// Nothing more comes. Some servers leave out the last event.
    pub(in crate::translate) fn close(&mut self, out: &mut String) {
        if self.order.has_ended() && !self.is_over {
            self.end(out);
        }
    }

    /// What was told of the input, for an answer whose usage is not.
    pub(in crate::translate) fn input_told(&self) -> Option<TokenCounts> {
        self.order.usage()?.ok()
    }

    /// The usage of the whole answer, once that is there.
    pub(in crate::translate) fn usage_told(&self) -> Option<TokenCounts> {
        let is_whole = self.order.has_ended() && self.is_told;
        self.order.usage().filter(|_| is_whole)?.ok()
    }

    /// Some servers leave out why the message ended.
    fn end(&mut self, out: &mut String) {
        if !self.is_finished {
            self.chunks.finish(0, finish_reason(None), out);
        }
        let told = self.order.usage().filter(|_| self.is_told);
        let counts = told.and_then(Result::ok);
        self.chunks.end(counts.as_ref(), out);
        self.is_over = true;
    }
}
