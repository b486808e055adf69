//! A stream, chunk by chunk.

use std::fmt::Write as _;

use keypurse_core::usage::TokenCounts;
use serde_json::value::RawValue;

use super::Status;
use super::frame::{Frame, State, one_line};
use super::item::{CalledTool, Item, Kind, Telling};
use crate::openai::read_usage;
use crate::translate::Wanted;
use crate::translate::call_id::call_id;
use crate::translate::chat_answer::{Call, Chunk, ChunkChoice, LastCall, Piece, Place, told_error};
use crate::translate::feed::{StreamFault, needs_text};
use crate::translate::proof::{Proof, Thinking};
use crate::translate::response_tools::ToolNames;

/// No response is longer: its last event has all of it.
const LONGEST: usize = 15 * 1024 * 1024;

/// Where a stream stands.
#[derive(Debug)]
pub(in crate::translate) struct ResponseStream {
    frame: Frame,
    names: ToolNames,
    answer_id: Option<Box<RawValue>>,
    has_begun: bool,
    /// The number of the next event.
    events: u64,
    open: Option<Item>,
    /// Items begun so far.
    items: u64,
    /// What is finished, as it is written.
    output: String,
    /// Tool calls begun so far.
    calls: u64,
    last_call: Option<LastCall>,
    status: Status,
    /// What was told of all that was said.
    counts: Option<TokenCounts>,
    /// It was told when the answer was whole.
    is_told_whole: bool,
    is_over: bool,
}

impl ResponseStream {
    pub(in crate::translate) fn new(wanted: Wanted<'_>) -> Self {
        Self {
            frame: Frame::of(wanted.asked, wanted.created),
            names: ToolNames::of(wanted.asked),
            answer_id: None,
            has_begun: false,
            events: 0,
            open: None,
            items: 0,
            output: String::new(),
            calls: 0,
            last_call: None,
            status: Status::InProgress,
            counts: None,
            is_told_whole: false,
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
        let chunk = Chunk::read(data).ok_or(StreamFault::Nonsense)?;
        if let Some(error) = chunk.error {
            self.fail(error, out);
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
            self.is_told_whole = self.status != Status::InProgress;
        }
        let open = self.open.as_ref().map_or(0, |item| item.said.len());
        if self.output.len() + open > LONGEST {
            return Err(StreamFault::TooLarge);
        }
        Ok(())
    }

    /// The usage of the whole answer, once that is there.
    pub(in crate::translate) fn usage_told(&self) -> Option<TokenCounts> {
        self.counts.filter(|_| self.is_told_whole)
    }

    /// Nothing more comes. Only what ended was whole.
    pub(in crate::translate) fn end(&mut self, out: &mut String) {
        let status = self.status;
        if self.is_over || status == Status::InProgress {
            return;
        }
        self.is_over = true;
        self.close(status, out);
        let response = self.frame.response(&State {
            status,
            output: &self.output,
            usage: self.counts.as_ref(),
        });
        let kind = format!("response.{}", status.as_str());
        self.push(&kind, &format!(r#""response":{response}"#), out);
    }

    fn begin(&mut self, chunk: &Chunk<'_>, out: &mut String) -> Result<(), StreamFault> {
        if let Some(tier) = chunk.service_tier {
            needs_text(tier)?;
            self.frame.tier(Some(tier));
        }
        if self.has_begun || !chunk.begins() {
            return Ok(());
        }
        self.has_begun = true;
        for label in [chunk.id, chunk.model].into_iter().flatten() {
            needs_text(label)?;
        }
        self.answer_id = chunk.id.map(ToOwned::to_owned);
        self.frame.name(chunk.id, chunk.model);
        let response = self.frame.response(&State {
            status: Status::InProgress,
            output: "",
            usage: None,
        });
        let about = format!(r#""response":{response}"#);
        self.push("response.created", &about, out);
        self.push("response.in_progress", &about, out);
        Ok(())
    }

    fn fail(&mut self, error: &RawValue, out: &mut String) {
        self.is_over = true;
        let told = told_error(error);
        let message = serde_json::to_string(&told.message).expect("a text is JSON");
        let code = told.kind.as_deref().unwrap_or("server_error");
        let code = serde_json::to_string(code).expect("a text is JSON");
        let about = format!(r#""code":{code},"message":{message},"param":null"#);
        self.push("error", &about, out);
    }

    fn add(&mut self, choice: &ChunkChoice<'_>, out: &mut String) -> Result<(), StreamFault> {
        if let Some(delta) = &choice.delta {
            for piece in delta.pieces().ok_or(StreamFault::Nonsense)? {
                needs_text(piece.text())?;
                let kind = match piece {
                    Piece::Text(_) => Kind::Text,
                    Piece::Thinking(_) => Kind::Reasoning,
                    Piece::Refusal(_) => Kind::Refusal,
                };
                self.say(kind, piece.text(), out);
            }
            if let Some(blocks) = delta.thinking_blocks {
                self.prove(Thinking::list(blocks), out);
            }
            for call in delta.tool_calls.iter().flatten() {
                self.call(call, out)?;
            }
        }
        if choice.finish_reason.is_some() {
            self.status = Status::ended(choice.finish_reason.as_deref());
        }
        Ok(())
    }

    /// A block that is signed ends what was thought; of its text a stream has
    /// told all before.
    fn prove(&mut self, blocks: Vec<Thinking>, out: &mut String) {
        for mut block in blocks {
            self.open_unless(Kind::Reasoning, out);
            let Some(item) = &mut self.open else { return };
            if let Thinking::Thinking { thinking, .. } = &mut block
                && thinking.is_empty()
            {
                let said = serde_json::from_str(&format!("\"{}\"", item.said));
                *thinking = said.unwrap_or_default();
            }
            item.proof.thinking_blocks.push(block);
            self.close(Status::Completed, out);
        }
    }

    /// Calls come one after the other; a piece of an earlier one has no item to
    /// go to any more.
    fn call(&mut self, call: &Call<'_>, out: &mut String) -> Result<(), StreamFault> {
        let is_open = matches!(&self.open, Some(item) if matches!(item.kind, Kind::Call(_)));
        match call.place(self.last_call.as_ref()) {
            Place::Begins { number, name } => {
                needs_text(name)?;
                if let Some(proof) = call.extra_content().and_then(Proof::of_call) {
                    self.open_unless(Kind::Reasoning, out);
                    if let Some(item) = &mut self.open {
                        item.proof.thought_signature = proof.thought_signature;
                    }
                }
                let id = call_id(call.id(), self.answer_id.as_deref(), self.calls);
                self.calls += 1;
                let tool = CalledTool::of(&self.names, id, name);
                self.open(Kind::Call(tool), out);
                self.last_call = Some(LastCall::new(number, call.id(), name));
            }
            Place::GoesOn if is_open => {}
            Place::GoesOn | Place::Stray => return Err(StreamFault::Nonsense),
        }
        let (Some(arguments), Some(last)) = (call.arguments(), &mut self.last_call) else {
            return Ok(());
        };
        needs_text(arguments)?;
        last.add(arguments);
        self.tell(arguments, out);
        Ok(())
    }

    fn say(&mut self, kind: Kind, text: &RawValue, out: &mut String) {
        self.open_unless(kind, out);
        self.tell(text, out);
    }

    /// The open item says more.
    fn tell(&mut self, text: &RawValue, out: &mut String) {
        // Some tell usage as they go: what was told is not of this.
        self.counts = None;
        let Some(item) = &mut self.open else { return };
        let is_first = item.said.is_empty() && matches!(item.kind, Kind::Reasoning);
        let Some(said) = item.say(text) else { return };
        let Telling { text, beside, .. } = item.events();
        if is_first {
            self.open_part(out);
        }
        let place = self.place();
        let about = format!(r#"{place},"delta":"{said}"{beside}"#);
        self.push(&format!("{text}.delta"), &about, out);
    }

    /// Opens an item, unless one of its kind is open.
    fn open_unless(&mut self, kind: Kind, out: &mut String) {
        let same =
            |item: &Item| std::mem::discriminant(&item.kind) == std::mem::discriminant(&kind);
        if !self.open.as_ref().is_some_and(same) {
            self.open(kind, out);
        }
    }

    fn open(&mut self, kind: Kind, out: &mut String) {
        self.close(Status::Completed, out);
        let item = Item::new(kind, &self.frame, self.items);
        self.items += 1;
        let index = self.items - 1;
        let about = format!(r#""output_index":{index},"item":{}"#, item.begun());
        // What was thought may be known to the model alone.
        let has_part = !matches!(item.kind, Kind::Reasoning);
        self.open = Some(item);
        self.push("response.output_item.added", &about, out);
        if has_part {
            self.open_part(out);
        }
    }

    fn open_part(&mut self, out: &mut String) {
        let Some(item) = &self.open else { return };
        if let Some((name, _)) = item.events().part {
            let about = format!(r#"{},"part":{}"#, self.place(), item.part(""));
            self.push(&format!("{name}.added"), &about, out);
        }
    }

    /// Finishes the open item.
    fn close(&mut self, status: Status, out: &mut String) {
        let place = self.place();
        let Some(item) = self.open.take() else { return };
        if !(item.said.is_empty() && matches!(item.kind, Kind::Reasoning)) {
            self.close_text(&item, &place, out);
        }
        let finished = item.finished(status);
        let index = self.items - 1;
        let about = format!(r#""output_index":{index},"item":{finished}"#);
        self.push("response.output_item.done", &about, out);
        if !self.output.is_empty() {
            self.output.push(',');
        }
        self.output.push_str(&finished);
    }

    fn close_text(&mut self, item: &Item, place: &str, out: &mut String) {
        let Telling {
            part,
            text,
            member,
            beside,
        } = item.events();
        let said = &item.said;
        let about = format!(r#"{place},"{member}":"{said}"{beside}"#);
        self.push(&format!("{text}.done"), &about, out);
        if let Some((name, _)) = part {
            let about = format!(r#"{place},"part":{}"#, item.part(said));
            self.push(&format!("{name}.done"), &about, out);
        }
    }

    /// Where the open item's text stands.
    fn place(&self) -> String {
        let Some(item) = &self.open else {
            return String::new();
        };
        let index = self.items - 1;
        let mut place = format!(r#""item_id":"{}","output_index":{index}"#, item.id);
        if let Some((_, number)) = item.events().part {
            let _ = write!(place, r#","{number}":0"#);
        }
        place
    }

    fn push(&mut self, kind: &str, about: &str, out: &mut String) {
        let number = self.events;
        self.events += 1;
        let about = one_line(about);
        let _ = write!(
            out,
            "event: {kind}\ndata: {{\"type\":\"{kind}\",\"sequence_number\":{number},{about}}}\n\n"
        );
    }
}
