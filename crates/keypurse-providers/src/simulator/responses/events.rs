//! A response as events: each in its type, numbered without gaps.

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    items::{Item, ItemSaid},
    response::Response,
};
use crate::simulator::{
    conversation::{ToolForm, bits},
    reply::Event,
};

/// The last event tells the usage.
pub(super) fn of(response: &Response<'_>, items: &[Item<'_>]) -> Vec<Event> {
    let mut events = Events(Vec::new());
    events.push("response.created", json!({ "response": response.begun() }));
    events.push(
        "response.in_progress",
        json!({ "response": response.begun() }),
    );
    for (index, item) in items.iter().enumerate() {
        events.item(item, index);
    }
    let last = match response.status() {
        "incomplete" => "response.incomplete",
        _ => "response.completed",
    };
    events.push(last, json!({ "response": response.finished(items) }));
    events.0
}

struct Events(Vec<Event>);

impl Events {
    fn push(&mut self, name: &'static str, said: Value) {
        let mut data = json!({ "type": name, "sequence_number": self.0.len() });
        if let (Value::Object(data), Value::Object(said)) = (&mut data, said) {
            data.extend(said);
        }
        self.0.push(Event::named(name, &data));
    }

    fn item(&mut self, item: &Item<'_>, index: usize) {
        let begun = json!({ "output_index": index, "item": item.begun() });
        self.push("response.output_item.added", begun);
        let id = item.id();
        let place = |more: Value| {
            let mut place = json!({ "item_id": id, "output_index": index });
            if let (Value::Object(place), Value::Object(more)) = (&mut place, more) {
                place.extend(more);
            }
            place
        };
        let delta = Delta::of(&id, index);
        let in_content = Delta {
            content_index: Some(0),
            ..delta.clone()
        };
        match item.said {
            ItemSaid::Thoughts(text) => {
                let delta = Delta {
                    summary_index: Some(0),
                    ..delta
                };
                self.thoughts((item, &delta), text, place);
            }
            ItemSaid::Text(text) => self.text((item, &in_content), text, place),
            ItemSaid::Refusal(text) => self.refusal((item, &in_content), text, place),
            ItemSaid::Call(call) => {
                let names = match call.form {
                    ToolForm::Custom => Some(&CUSTOM_INPUT),
                    ToolForm::Function | ToolForm::Legacy => Some(&ARGUMENTS),
                    // They come whole.
                    ToolForm::LocalShell | ToolForm::ApplyPatch => None,
                };
                if let Some(names) = names {
                    self.payload((names, &delta), &call.payload, place);
                }
            }
        }
        let finished = json!({ "output_index": index, "item": item.finished() });
        self.push("response.output_item.done", finished);
    }

    fn delta(&mut self, delta: Delta<'_>) {
        let sequence_number = self.0.len();
        let delta = Delta {
            sequence_number,
            ..delta
        };
        self.0.push(Event::named(delta.kind, &delta));
    }

    fn thoughts(
        &mut self,
        (item, delta): (&Item<'_>, &Delta<'_>),
        text: &str,
        place: impl Fn(Value) -> Value,
    ) {
        let place = |name: &str, value: Value| place(json!({ "summary_index": 0, name: value }));
        let begun = place("part", item.part_with(""));
        self.push("response.reasoning_summary_part.added", begun);
        for bit in bits(text) {
            self.delta(delta.says("response.reasoning_summary_text.delta", bit));
        }
        let whole = place("text", text.into());
        self.push("response.reasoning_summary_text.done", whole);
        let part = place("part", item.part());
        self.push("response.reasoning_summary_part.done", part);
    }

    fn text(
        &mut self,
        (item, delta): (&Item<'_>, &Delta<'_>),
        text: &str,
        place: impl Fn(Value) -> Value,
    ) {
        let place = |more: Value| place(with_content_index(more));
        let part = |part: Value| place(json!({ "part": part }));
        self.push("response.content_part.added", part(item.part_with("")));
        for bit in bits(text) {
            let delta = delta.says("response.output_text.delta", bit);
            self.delta(Delta {
                logprobs: Some(item.logprobs(bit)),
                ..delta
            });
        }
        let done = json!({ "text": text, "logprobs": item.logprobs(text) });
        self.push("response.output_text.done", place(done));
        self.push("response.content_part.done", part(item.part()));
    }

    fn refusal(
        &mut self,
        (item, delta): (&Item<'_>, &Delta<'_>),
        text: &str,
        place: impl Fn(Value) -> Value,
    ) {
        let place = |more: Value| place(with_content_index(more));
        let begun = json!({ "part": item.part_with("") });
        self.push("response.content_part.added", place(begun));
        for bit in bits(text) {
            self.delta(delta.says("response.refusal.delta", bit));
        }
        let done = json!({ "refusal": text });
        self.push("response.refusal.done", place(done));
        let part = json!({ "part": item.part() });
        self.push("response.content_part.done", place(part));
    }

    fn payload(
        &mut self,
        (names, delta): (&Payload, &Delta<'_>),
        payload: &str,
        place: impl Fn(Value) -> Value,
    ) {
        for bit in bits(payload) {
            self.delta(delta.says(names.delta, bit));
        }
        self.push(names.done, place(json!({ (names.field): payload })));
    }
}

fn with_content_index(mut more: Value) -> Value {
    more["content_index"] = 0.into();
    more
}

/// Not a `Value` like the other events: a stream has dozens.
#[derive(Clone, Debug, Serialize)]
struct Delta<'t> {
    #[serde(rename = "type")]
    kind: &'static str,
    sequence_number: usize,
    item_id: &'t str,
    output_index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary_index: Option<usize>,
    delta: &'t str,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<Value>,
}

impl<'t> Delta<'t> {
    /// Says nothing yet.
    fn of(item_id: &'t str, output_index: usize) -> Self {
        Self {
            kind: "",
            sequence_number: 0,
            item_id,
            output_index,
            content_index: None,
            summary_index: None,
            delta: "",
            logprobs: None,
        }
    }

    fn says<'b>(&self, kind: &'static str, bit: &'b str) -> Delta<'b>
    where
        't: 'b,
    {
        Delta {
            kind,
            delta: bit,
            ..self.clone()
        }
    }
}

/// What the input of a call is called.
struct Payload {
    delta: &'static str,
    done: &'static str,
    field: &'static str,
}

const ARGUMENTS: Payload = Payload {
    delta: "response.function_call_arguments.delta",
    done: "response.function_call_arguments.done",
    field: "arguments",
};
const CUSTOM_INPUT: Payload = Payload {
    delta: "response.custom_tool_call_input.delta",
    done: "response.custom_tool_call_input.done",
    field: "input",
};
