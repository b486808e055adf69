//! A stream, chunk by chunk.

use std::fmt::Write as _;

use keypurse_core::usage::TokenCounts;
use serde_json::value::RawValue;

use super::Status;
use super::frame::{Frame, State, one_line};
use super::item::{CalledTool, Item, Kind, NoText, Telling};
use crate::openai::read_usage;
use crate::translate::Wanted;
use crate::translate::call_id::call_id;
use crate::translate::chat_answer::{
    Call, Chunk, ChunkChoice, Delta, LastCall, Piece, Place, told_error,
};
use crate::translate::feed::{StreamFault, needs_text};
use crate::translate::proof::{Proof, Thinking};
use crate::translate::response_tools::ToolNames;

/// No output is longer: the last event has all of it.
const LONGEST: usize = 15 * 1024 * 1024;

/// How far a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing of the answer has come.
    Before,
    Begun,
    /// It ended, or failed.
    Over,
}

/// Where a stream stands.
#[derive(Debug)]
pub(in crate::translate) struct ResponseStream {
    frame: Frame,
    names: ToolNames,
    answer_id: Option<Box<RawValue>>,
    stage: Stage,
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
    /// Only the response is wanted, not its events.
    is_silent: bool,
}

impl ResponseStream {
    pub(in crate::translate) fn new(wanted: Wanted<'_>) -> Self {
        Self {
            frame: Frame::of(wanted.asked, wanted.created),
            names: ToolNames::of(wanted.asked),
            answer_id: None,
            stage: Stage::Before,
            events: 0,
            open: None,
            items: 0,
            output: String::new(),
            calls: 0,
            last_call: None,
            status: Status::InProgress,
            counts: None,
            is_told_whole: false,
            is_silent: false,
        }
    }

    /// One that has no events, for an answer in one piece.
    pub(super) fn silent(wanted: Wanted<'_>) -> Self {
        Self {
            is_silent: true,
            ..Self::new(wanted)
        }
    }

    /// Translates one event's data.
    pub(in crate::translate) fn event(
        &mut self,
        data: &str,
        out: &mut String,
    ) -> Result<(), StreamFault> {
        if self.stage == Stage::Over {
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
    pub(in crate::translate) fn end(&mut self, out: &mut String) -> Result<(), StreamFault> {
        let Some(response) = self.ended(out)? else {
            return Ok(());
        };
        let kind = format!("response.{}", self.status.as_str());
        self.push(&kind, &format!(r#""response":{response}"#), out);
        Ok(())
    }

    /// The response, if it has just ended.
    pub(super) fn ended(&mut self, out: &mut String) -> Result<Option<String>, StreamFault> {
        let status = self.status;
        if self.stage == Stage::Over || status == Status::InProgress {
            return Ok(None);
        }
        self.stage = Stage::Over;
        let counts = self.counts;
        self.close(status, out)?;
        self.counts = counts;
        Ok(Some(self.frame.response(&State {
            status,
            output: &self.output,
            usage: self.counts.as_ref(),
        })))
    }

    fn begin(&mut self, chunk: &Chunk<'_>, out: &mut String) -> Result<(), StreamFault> {
        if let Some(tier) = chunk.service_tier {
            needs_text(tier)?;
            self.frame.tier(Some(tier));
        }
        if self.stage != Stage::Before || !chunk.begins() {
            return Ok(());
        }
        self.stage = Stage::Begun;
        for label in [chunk.id, chunk.model].into_iter().flatten() {
            needs_text(label)?;
        }
        self.answer_id = chunk.id.map(ToOwned::to_owned);
        self.frame.name(chunk.id, chunk.model);
        if self.is_silent {
            return Ok(());
        }
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
        self.stage = Stage::Over;
        let told = told_error(error);
        let message = serde_json::to_string(&told.message).expect("a text is JSON");
        let code = told.kind.as_deref().unwrap_or("server_error");
        let code = serde_json::to_string(code).expect("a text is JSON");
        // The reference has the members beside the type, SDKs look for them inside.
        let members = format!(r#""code":{code},"message":{message},"param":null"#);
        let about = format!(r#"{members},"error":{{"type":{code},{members}}}"#);
        self.push("error", &about, out);
    }

    fn add(&mut self, choice: &ChunkChoice<'_>, out: &mut String) -> Result<(), StreamFault> {
        if let Some(delta) = &choice.delta {
            self.pieces(delta, out)?;
            for call in delta.tool_calls.iter().flatten() {
                self.call(call, out)?;
            }
        }
        if let Some(reason) = choice.finish_reason() {
            self.status = Status::ended(Some(reason));
        }
        Ok(())
    }

    /// Texts, and what proves thoughts, which stands behind them and before all
    /// other texts.
    fn pieces(&mut self, delta: &Delta<'_>, out: &mut String) -> Result<(), StreamFault> {
        let pieces = delta.pieces().ok_or(StreamFault::Nonsense)?;
        let Some(blocks) = delta.thinking_blocks.map(Thinking::list) else {
            return self.say(pieces, out);
        };
        let is_thought = |piece: &Piece<'_>| matches!(piece, Piece::Thinking(_));
        let (mut thoughts, rest): (Vec<_>, Vec<_>) = pieces.into_iter().partition(is_thought);
        if blocks.iter().any(Thinking::has_text) {
            thoughts.clear();
        }
        self.say(thoughts, out)?;
        self.prove(blocks, out)?;
        self.say(rest, out)
    }

    fn say(&mut self, pieces: Vec<Piece<'_>>, out: &mut String) -> Result<(), StreamFault> {
        for piece in pieces {
            needs_text(piece.text())?;
            self.open_unless(Kind::of(&piece), out)?;
            self.tell(piece.text(), out)?;
        }
        Ok(())
    }

    /// A block that is signed ends what was thought. Most tell its text before,
    /// and none in it.
    fn prove(&mut self, blocks: Vec<Thinking>, out: &mut String) -> Result<(), StreamFault> {
        for mut block in blocks {
            self.open_unless(Kind::Reasoning, out)?;
            if let Thinking::Thinking { thinking, .. } = &mut block {
                self.complete(thinking, out)?;
            }
            if let Some(item) = &mut self.open {
                item.proof.thinking_blocks.push(block);
            }
            self.close(Status::Completed, out)?;
        }
        Ok(())
    }

    /// Gives a block the text of the open item, or tells it.
    fn complete(&mut self, thinking: &mut String, out: &mut String) -> Result<(), StreamFault> {
        let said = self.open.as_ref().map_or("", |item| &item.said);
        if thinking.is_empty() {
            let said = serde_json::from_str(&format!("\"{said}\""));
            *thinking = said.map_err(|_| StreamFault::Nonsense)?;
        } else if said.is_empty() {
            let text = serde_json::value::to_raw_value(thinking).expect("a text is JSON");
            self.tell(&text, out)?;
        }
        Ok(())
    }

    /// Calls come one after the other; a piece of an earlier one has no item to
    /// go to any more.
    fn call(&mut self, call: &Call<'_>, out: &mut String) -> Result<(), StreamFault> {
        let is_open = self.open.as_ref().is_some_and(Item::is_call);
        match call.place(self.last_call.as_ref()) {
            Place::Begins { number, name } => {
                needs_text(name)?;
                if let Some(proof) = call.extra_content().and_then(Proof::of_call) {
                    self.open_unless(Kind::Reasoning, out)?;
                    if let Some(item) = &mut self.open {
                        item.proof.thought_signature = proof.thought_signature;
                    }
                }
                let id = call_id(call.id(), self.answer_id.as_deref(), self.calls);
                self.calls += 1;
                let tool = CalledTool::of(&self.names, id, name);
                self.open(Kind::Call(tool), out)?;
                self.last_call = Some(LastCall::new(number, call.id(), name));
            }
            Place::GoesOn if is_open => {}
            // It says nothing.
            Place::GoesOn | Place::Stray if call.arguments().is_none() => return Ok(()),
            Place::GoesOn | Place::Stray => return Err(StreamFault::Nonsense),
        }
        let (Some(arguments), Some(last)) = (call.arguments(), &mut self.last_call) else {
            return Ok(());
        };
        needs_text(arguments)?;
        last.add(arguments);
        self.tell(arguments, out)
    }

    /// The open item says more.
    fn tell(&mut self, text: &RawValue, out: &mut String) -> Result<(), StreamFault> {
        // Some tell usage as they go: what was told is not of this.
        self.counts = None;
        let Some(item) = &mut self.open else {
            return Ok(());
        };
        let is_first = item.said.is_empty() && matches!(item.kind, Kind::Reasoning);
        let said = item.say(text).map_err(|NoText| StreamFault::Nonsense)?;
        if said.is_empty() {
            return Ok(());
        }
        let Telling { text, beside, .. } = item.events();
        if is_first {
            self.open_part(out);
        }
        let about = format!(r#"{},"delta":"{said}"{beside}"#, self.place());
        self.push(&format!("{text}.delta"), &about, out);
        Ok(())
    }

    /// Opens an item, unless one of its kind is open.
    fn open_unless(&mut self, kind: Kind, out: &mut String) -> Result<(), StreamFault> {
        let open = self.open.as_ref();
        if open.is_some_and(|item| item.kind.is_like(&kind)) {
            return Ok(());
        }
        self.open(kind, out)
    }

    /// Opens an item. Half a call must not be told as if it were whole.
    fn open(&mut self, kind: Kind, out: &mut String) -> Result<(), StreamFault> {
        if self.has_half_a_call() {
            return Err(StreamFault::Nonsense);
        }
        self.close(Status::Completed, out)?;
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
        Ok(())
    }

    fn open_part(&mut self, out: &mut String) {
        let Some(item) = &self.open else { return };
        if let Some((name, _)) = item.events().part {
            let about = format!(r#"{},"part":{}"#, self.place(), item.part(""));
            self.push(&format!("{name}.added"), &about, out);
        }
    }

    /// Finishes the open item, unless that is a call the answer's limit cut.
    fn close(&mut self, status: Status, out: &mut String) -> Result<(), StreamFault> {
        if self.has_half_a_call() && status != Status::Completed {
            self.open = None;
            return Ok(());
        }
        self.say_nothing(out)?;
        let place = self.place();
        let Some(item) = self.open.take() else {
            return Ok(());
        };
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
        Ok(())
    }

    fn has_half_a_call(&self) -> bool {
        let is_call = self.open.as_ref().is_some_and(Item::is_call);
        is_call && self.last_call.as_ref().is_some_and(LastCall::is_half)
    }

    /// A call without arguments has an empty object's.
    fn say_nothing(&mut self, out: &mut String) -> Result<(), StreamFault> {
        let has_none = self
            .last_call
            .as_ref()
            .is_some_and(LastCall::has_no_arguments);
        let nothing = match self.open.as_ref().map(|item| &item.kind) {
            Some(Kind::Call(tool)) if has_none => tool.nothing(),
            _ => None,
        };
        let Some(nothing) = nothing else {
            return Ok(());
        };
        let text = serde_json::value::to_raw_value(nothing).expect("a text is JSON");
        self.tell(&text, out)
    }

    fn close_text(&mut self, item: &Item, place: &str, out: &mut String) {
        let Telling {
            part,
            text,
            member,
            beside,
            called,
        } = item.events();
        let said = &item.said;
        let called = called.map(|name| format!(r#","name":{name}"#));
        let called = called.unwrap_or_default();
        let about = format!(r#"{place}{called},"{member}":"{said}"{beside}"#);
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
        if self.is_silent {
            return;
        }
        let number = self.events;
        self.events += 1;
        let about = one_line(about);
        let _ = write!(
            out,
            "event: {kind}\ndata: {{\"type\":\"{kind}\",\"sequence_number\":{number},{about}}}\n\n"
        );
    }
}
