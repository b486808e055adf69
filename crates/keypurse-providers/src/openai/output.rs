//! What a response's stream has said so far, to close it where it must end
//! before its provider ends it.
//!
//! Complete items are told as they came, an open message with the text it has.
//! Other open items are not: half a call of a tool must not be run, and half a
//! reasoning cannot be given back.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::value::RawValue;

use super::response::ResponseEvent;
use crate::members::Members;

/// In bytes. Of an output that is longer nothing is kept: a stream must not
/// take more memory the longer it is.
const MOST_KEPT: usize = 64 * 1024;

/// The output of a response as its client has it.
#[derive(Debug, Default)]
pub struct ResponseOutput {
    items: BTreeMap<u64, Item>,
    /// What the client does not have yet.
    coming: Vec<Step>,
    /// Of all that is kept, or more.
    bytes: usize,
    /// It is too long, or makes no sense.
    is_lost: bool,
}

/// What stands at the end of a response that is cut.
#[derive(Debug, PartialEq, Eq)]
pub struct Closing {
    /// Events that close what is open.
    pub events: String,
    /// The response's `output`.
    pub output: String,
    /// The number of the event after them.
    pub next_number: u64,
}

#[derive(Debug)]
enum Item {
    Message {
        begun: Box<str>,
        parts: BTreeMap<u64, Part>,
    },
    Whole(Box<str>),
    /// What is not told before it is whole.
    Other,
}

/// A part of an open message.
#[derive(Debug)]
struct Part {
    /// As it began, or as it is when it is whole.
    told: Box<str>,
    text: String,
    is_text_whole: bool,
    is_whole: bool,
}

/// What an event does to the item of this number.
#[derive(Debug)]
struct Step {
    item: u64,
    change: Change,
}

#[derive(Debug)]
enum Change {
    Begins(Box<str>),
    Ends(Box<str>),
    /// To the part of this number.
    Part(u64, PartChange),
}

#[derive(Debug)]
enum PartChange {
    Begins(Box<str>),
    Says(String),
    TextEnds,
    Ends(Box<str>),
}

/// An event that does not follow from those before.
#[derive(Debug)]
struct OutOfOrder;

impl ResponseOutput {
    /// Takes in an event that goes to the client next.
    pub fn take_in(&mut self, event: &ResponseEvent<'_>) {
        if self.is_lost {
            return;
        }
        match Step::of(event) {
            Ok(Some(step)) => self.push(step),
            Ok(None) => {}
            Err(OutOfOrder) => self.lose(),
        }
    }

    /// The client has all that was taken in.
    pub fn delivered(&mut self) {
        for step in std::mem::take(&mut self.coming) {
            if self.apply(step).is_err() {
                return self.lose();
            }
        }
    }

    /// Closes what is open by events that are numbered from `number`.
    pub fn close(&self, number: u64) -> Closing {
        let mut closing = Closing {
            events: String::new(),
            output: String::new(),
            next_number: number,
        };
        let mut items = Vec::new();
        for (&index, item) in &self.items {
            match item {
                Item::Message { begun, parts } => {
                    items.push(closing.message(index, begun, parts));
                }
                Item::Whole(item) => items.push(item.to_string()),
                Item::Other => {}
            }
        }
        closing.output = format!("[{}]", items.join(","));
        closing
    }

    fn push(&mut self, step: Step) {
        self.bytes += step.bytes();
        if self.bytes > MOST_KEPT {
            return self.lose();
        }
        let step = match self.coming.last_mut() {
            Some(last) => last.joined(step),
            None => Some(step),
        };
        self.coming.extend(step);
    }

    fn lose(&mut self) {
        *self = Self {
            is_lost: true,
            ..Self::default()
        };
    }

    fn apply(&mut self, Step { item, change }: Step) -> Result<(), OutOfOrder> {
        match change {
            Change::Begins(begun) => {
                let before = self.items.insert(item, Item::begun(begun));
                before.map_or(Ok(()), |_| Err(OutOfOrder))
            }
            Change::Ends(whole) => {
                let before = self.items.insert(item, Item::Whole(whole));
                self.bytes -= before.as_ref().map_or(0, Item::bytes);
                Ok(())
            }
            Change::Part(part, change) => match self.items.get_mut(&item) {
                Some(Item::Message { parts, .. }) => {
                    self.bytes -= change_part(parts, part, change)?;
                    Ok(())
                }
                Some(Item::Other) => Ok(()),
                Some(Item::Whole(_)) | None => Err(OutOfOrder),
            },
        }
    }
}

/// Changes a part, and tells how many bytes less are kept for it.
fn change_part(
    parts: &mut BTreeMap<u64, Part>,
    at: u64,
    change: PartChange,
) -> Result<usize, OutOfOrder> {
    if let PartChange::Begins(told) = change {
        let before = parts.insert(at, Part::begun(told));
        return before.map_or(Ok(0), |_| Err(OutOfOrder));
    }
    let part = parts.get_mut(&at).ok_or(OutOfOrder)?;
    let mut less = 0;
    match change {
        PartChange::Begins(_) => {}
        PartChange::Says(text) => part.text.push_str(&text),
        PartChange::TextEnds => part.is_text_whole = true,
        PartChange::Ends(told) => {
            less = part.bytes();
            *part = Part::begun(told);
            part.is_whole = true;
        }
    }
    Ok(less)
}

impl Item {
    fn begun(begun: Box<str>) -> Self {
        #[derive(serde::Deserialize)]
        struct Kind<'a> {
            #[serde(borrow, rename = "type")]
            kind: Cow<'a, str>,
        }
        let kind = serde_json::from_str::<Kind<'_>>(&begun).ok();
        if kind.is_some_and(|it| it.kind == "message") {
            let parts = BTreeMap::new();
            return Self::Message { begun, parts };
        }
        Self::Other
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Message { begun, parts } => {
                begun.len() + parts.values().map(Part::bytes).sum::<usize>()
            }
            Self::Whole(item) => item.len(),
            Self::Other => 0,
        }
    }
}

impl Part {
    fn begun(told: Box<str>) -> Self {
        Self {
            told,
            text: String::new(),
            is_text_whole: false,
            is_whole: false,
        }
    }

    fn bytes(&self) -> usize {
        self.told.len() + self.text.len()
    }
}

impl Step {
    /// `None` when an event says nothing of what is told.
    fn of(event: &ResponseEvent<'_>) -> Result<Option<Self>, OutOfOrder> {
        let own = |it: Option<&RawValue>| it.map(|it| Box::from(it.get())).ok_or(OutOfOrder);
        let place = |at: Option<&RawValue>| at.and_then(|at| at.get().parse().ok());
        let of_part = |change| {
            let at = place(event.content_index).ok_or(OutOfOrder)?;
            Ok(Change::Part(at, change))
        };
        let change = match event.kind.as_ref() {
            "response.output_item.added" => Change::Begins(own(event.item)?),
            "response.output_item.done" => Change::Ends(own(event.item)?),
            "response.content_part.added" => of_part(PartChange::Begins(own(event.part)?))?,
            "response.content_part.done" => of_part(PartChange::Ends(own(event.part)?))?,
            "response.output_text.delta" | "response.refusal.delta" => {
                let text = event
                    .delta
                    .and_then(|it| serde_json::from_str(it.get()).ok());
                of_part(PartChange::Says(text.ok_or(OutOfOrder)?))?
            }
            "response.output_text.done" | "response.refusal.done" => of_part(PartChange::TextEnds)?,
            _ => return Ok(None),
        };
        let item = place(event.output_index).ok_or(OutOfOrder)?;
        Ok(Some(Self { item, change }))
    }

    /// At least 1: what is to come must not grow for nothing.
    fn bytes(&self) -> usize {
        let text = match &self.change {
            Change::Begins(told)
            | Change::Ends(told)
            | Change::Part(_, PartChange::Begins(told) | PartChange::Ends(told)) => told.len(),
            Change::Part(_, PartChange::Says(text)) => text.len(),
            Change::Part(_, PartChange::TextEnds) => 0,
        };
        text.max(1)
    }

    /// Says what `next` says, too; else it is given back.
    fn joined(&mut self, next: Self) -> Option<Self> {
        if let (Change::Part(at, PartChange::Says(text)), Change::Part(next_at, says)) =
            (&mut self.change, &next.change)
            && let PartChange::Says(more) = says
            && (self.item, *at) == (next.item, *next_at)
        {
            text.push_str(more);
            return None;
        }
        Some(next)
    }
}

impl Closing {
    /// Closes a message, and gives it as it is now.
    fn message(&mut self, index: u64, begun: &str, parts: &BTreeMap<u64, Part>) -> String {
        let members = Members::read(begun);
        let id = members.as_ref().and_then(|it| it.get("id"));
        let id = id.map_or("null", RawValue::get);
        let mut content = Vec::new();
        for (part_index, part) in parts {
            let place =
                format!(r#""item_id":{id},"output_index":{index},"content_index":{part_index}"#);
            content.push(self.part(&place, part));
        }
        let content = format!("[{}]", content.join(","));
        let set = [("status", r#""incomplete""#), ("content", &content)];
        let message = members.map_or_else(|| begun.to_owned(), |it| it.with(&set));
        let about = format!(r#""output_index":{index},"item":{message}"#);
        self.event("response.output_item.done", &about);
        message
    }

    /// Closes a part, and gives it as it is now.
    fn part(&mut self, place: &str, part: &Part) -> String {
        let members = Members::read(&part.told);
        let Some(members) = members.filter(|_| !part.is_whole) else {
            return part.told.to_string();
        };
        let text = serde_json::to_string(&part.text).expect("a text is JSON");
        let is_refusal = members.get("refusal").is_some();
        let name = if is_refusal { "refusal" } else { "text" };
        let told = members.with(&[(name, &text)]);
        if !part.is_text_whole {
            let (kind, logprobs) = if is_refusal {
                ("response.refusal.done", "")
            } else {
                ("response.output_text.done", r#","logprobs":[]"#)
            };
            self.event(kind, &format!(r#"{place},"{name}":{text}{logprobs}"#));
        }
        self.event(
            "response.content_part.done",
            &format!(r#"{place},"part":{told}"#),
        );
        told
    }

    fn event(&mut self, kind: &str, about: &str) {
        let number = self.next_number;
        self.next_number += 1;
        // Between JSON's tokens only white space breaks.
        let about = about.replace(['\n', '\r'], " ");
        let _ = write!(
            self.events,
            "event: {kind}\ndata: {{\"type\":\"{kind}\",\"sequence_number\":{number},{about}}}\n\n"
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{MOST_KEPT, ResponseOutput};
    use crate::openai::ResponseEvent;

    const MESSAGE: &str = r#"{"type":"message","id":"m","content":[],"x":1.0}"#;

    fn take_in(output: &mut ResponseOutput, kind: &str, more: &str) {
        let event = format!(r#"{{"type":"response.{kind}","output_index":0{more}}}"#);
        output.take_in(&ResponseEvent::read(&event).unwrap());
    }

    /// An open message with an empty text.
    fn open() -> ResponseOutput {
        let mut output = ResponseOutput::default();
        take_in(
            &mut output,
            "output_item.added",
            &format!(r#","item":{MESSAGE}"#),
        );
        let part = r#","content_index":0,"part":{"type":"output_text","text":""}"#;
        take_in(&mut output, "content_part.added", part);
        output
    }

    fn says(output: &mut ResponseOutput, text: &str) {
        let delta = format!(r#","content_index":0,"delta":{}"#, json!(text));
        take_in(output, "output_text.delta", &delta);
    }

    fn ends(output: &mut ResponseOutput, what: &str) {
        let part = r#","content_index":0,"part":{"type":"output_text","text":"ab"}"#;
        let item = r#","item":{"type":"message","id":"whole"}"#;
        match what {
            "output_text.done" => take_in(output, what, r#","content_index":0,"text":"ab""#),
            "content_part.done" => take_in(output, what, part),
            _ => take_in(output, what, item),
        }
    }

    #[test]
    fn only_what_is_open_is_closed() {
        let text = |text: &str| format!(r#"{{"type":"output_text","text":"{text}"}}"#);
        let message = |part: &str| {
            format!(
                r#"[{{"type":"message","id":"m","x":1.0,"status":"incomplete","content":[{part}]}}]"#
            )
        };
        let whole = r#"[{"type":"message","id":"whole"}]"#.to_owned();
        for (ended, events, expected) in [
            (vec![], 3, message(&text("ab"))),
            (vec!["output_text.done"], 2, message(&text("ab"))),
            (
                vec!["output_text.done", "content_part.done"],
                1,
                message(&text("ab")),
            ),
            (vec!["content_part.done", "output_item.done"], 0, whole),
        ] {
            let mut output = open();
            says(&mut output, "a");
            output.delivered();
            says(&mut output, "b");
            for what in &ended {
                ends(&mut output, what);
            }
            output.delivered();
            says(&mut output, "not delivered");
            let closing = output.close(7);
            assert_eq!(
                closing.events.matches("event: ").count(),
                events,
                "{ended:?}"
            );
            assert_eq!(closing.output, expected, "{ended:?}");
            assert_eq!(closing.next_number, 7 + u64::try_from(events).unwrap());
        }
    }

    #[test]
    fn a_refusal_is_closed_as_one() {
        let mut output = ResponseOutput::default();
        take_in(
            &mut output,
            "output_item.added",
            &format!(r#","item":{MESSAGE}"#),
        );
        let part = r#","content_index":0,"part":{"type":"refusal","refusal":""}"#;
        take_in(&mut output, "content_part.added", part);
        take_in(
            &mut output,
            "refusal.delta",
            r#","content_index":0,"delta":"\"No""#,
        );
        output.delivered();
        assert!(
            output
                .close(0)
                .output
                .contains(r#"[{"type":"refusal","refusal":"\"No"}]"#)
        );
        let done = concat!(
            "event: response.refusal.done\ndata: {\"type\":\"response.refusal.done\",",
            r#""sequence_number":0,"item_id":"m","output_index":0,"content_index":0,"#,
            r#""refusal":"\"No"}"#,
            "\n\n",
        );
        assert!(output.close(0).events.starts_with(done));
    }

    #[test]
    fn what_makes_no_sense_is_not_told() {
        for (kind, more) in [
            ("output_item.added", r#","item":{"type":"message"}"#),
            ("output_item.added", ""),
            ("content_part.added", r#","content_index":0,"part":{}"#),
            ("content_part.done", r#","content_index":1,"part":{}"#),
            ("output_text.delta", r#","content_index":0,"delta":7"#),
            ("output_text.delta", r#","delta":"a""#),
            ("output_text.done", r#","content_index":-1"#),
        ] {
            let mut output = open();
            take_in(&mut output, kind, more);
            output.delivered();
            says(&mut output, "more");
            output.delivered();
            let closing = output.close(0);
            assert_eq!(
                (closing.output.as_str(), closing.next_number),
                ("[]", 0),
                "{kind}{more}"
            );
        }
    }

    #[test]
    fn no_more_than_so_much_is_kept_whoever_reads_it() {
        for is_read in [true, false] {
            let mut output = open();
            for _ in 0..MOST_KEPT / 10 {
                says(&mut output, "0123456789");
                if is_read {
                    output.delivered();
                }
            }
            assert!(output.is_lost && output.items.is_empty() && output.coming.is_empty());
        }
        let mut output = open();
        for _ in 0..MOST_KEPT {
            says(&mut output, "");
        }
        assert!(output.is_lost, "events without text take memory, too");
    }

    #[test]
    fn what_is_whole_takes_no_room_twice() {
        let mut output = open();
        let (long, kept) = ("x".repeat(MOST_KEPT / 3), open().bytes);
        says(&mut output, &long);
        output.delivered();
        ends(&mut output, "content_part.done");
        output.delivered();
        assert!(output.bytes < kept + 50, "{}", output.bytes);
        ends(&mut output, "output_item.done");
        output.delivered();
        assert_eq!(output.bytes, r#"{"type":"message","id":"whole"}"#.len());
    }
}
