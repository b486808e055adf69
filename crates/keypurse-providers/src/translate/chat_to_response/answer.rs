//! A whole answer.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::Status;
use super::frame::{Frame, State};
use super::item::{CalledTool, Item, Kind};
use crate::openai::read_usage;
use crate::translate::call_id::call_id;
use crate::translate::chat_answer::{Completion, Piece, Said, some_text};
use crate::translate::proof::{Proof, Thinking};
use crate::translate::response_tools::ToolNames;
use crate::translate::{NoAnswer, Wanted};

/// Translates an answer.
pub(in crate::translate) fn translate(
    body: &[u8],
    wanted: Wanted<'_>,
) -> Result<Vec<u8>, NoAnswer> {
    let (completion, choice) = Completion::read(body)?;
    let mut frame = Frame::of(wanted.asked, wanted.created);
    frame.name(completion.id, completion.model);
    frame.tier(some_text(completion.service_tier));
    let names = ToolNames::of(wanted.asked);
    let mut items = Items {
        frame: &frame,
        items: Vec::new(),
    };
    items.read(&choice.message, completion.id, &names)?;
    let status = Status::ended(choice.finish_reason.as_deref());
    let mut items = items.items;
    let last = items.pop();
    let mut output: Vec<String> = items
        .iter()
        .map(|it| it.finished(Status::Completed))
        .collect();
    output.extend(last.map(|it| it.finished(status)));
    let counts = completion.usage.and_then(|usage| read_usage(usage).ok());
    let response = frame.response(&State {
        status,
        output: &output.join(","),
        usage: counts.as_ref(),
    });
    Ok(response.into_bytes())
}

struct Items<'f> {
    frame: &'f Frame,
    items: Vec<Item>,
}

impl Items<'_> {
    fn read(
        &mut self,
        said: &Said<'_>,
        answer: Option<&RawValue>,
        names: &ToolNames,
    ) -> Result<(), NoAnswer> {
        for piece in said.pieces().ok_or(NoAnswer)? {
            let kind = match piece {
                Piece::Thinking(_) => Kind::Reasoning,
                Piece::Text(_) => Kind::Text,
                Piece::Refusal(_) => Kind::Refusal,
            };
            if let Some(text) = some_text(Some(piece.text())) {
                self.begin_unless_open(kind).say(text);
            }
        }
        self.prove(said.thinking_blocks);
        for (number, call) in (0..).zip(said.tool_calls.iter().flatten()) {
            if let Some(proof) = call.extra_content.and_then(Proof::of_call) {
                self.begin_unless_open(Kind::Reasoning)
                    .proof
                    .thought_signature = proof.thought_signature;
            }
            let id = call_id(call.id, answer, number);
            let name = some_text(Some(call.function.name)).ok_or(NoAnswer)?;
            let arguments = match &call.function.arguments {
                Some(Cow::Borrowed(text)) => text,
                Some(Cow::Owned(text)) => text.as_str(),
                None => "",
            };
            let arguments = serde_json::value::to_raw_value(arguments).expect("a text is JSON");
            let tool = CalledTool::of(names, id, name);
            self.begin(Kind::Call(tool)).say(&arguments);
        }
        Ok(())
    }

    /// Anthropic's blocks, which have the texts that stand before all others.
    fn prove(&mut self, blocks: Option<&RawValue>) {
        let blocks = blocks.map(Thinking::list).unwrap_or_default();
        if blocks.is_empty() {
            return;
        }
        let first = self.items.first_mut();
        if let Some(first) = first.filter(|item| matches!(item.kind, Kind::Reasoning)) {
            first.proof.thinking_blocks = blocks;
        } else {
            let mut item = Item::new(Kind::Reasoning, self.frame, self.next());
            item.proof.thinking_blocks = blocks;
            self.items.insert(0, item);
        }
    }

    /// Texts of one kind that follow each other are one.
    fn begin_unless_open(&mut self, kind: Kind) -> &mut Item {
        let is_open = self.items.last().is_some_and(|last| {
            std::mem::discriminant(&last.kind) == std::mem::discriminant(&kind)
        });
        if is_open {
            return self.items.last_mut().expect("there is a last one");
        }
        self.begin(kind)
    }

    fn begin(&mut self, kind: Kind) -> &mut Item {
        let item = Item::new(kind, self.frame, self.next());
        self.items.push(item);
        self.items.last_mut().expect("it was just added")
    }

    fn next(&self) -> u64 {
        u64::try_from(self.items.len()).expect("a length fits in u64")
    }
}
