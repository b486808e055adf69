//! A response as events: each in its type, numbered without gaps.

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
        match item.said {
            ItemSaid::Thoughts(text) => self.thoughts(item, text, place),
            ItemSaid::Text(text) => self.text(item, text, place),
            ItemSaid::Refusal(text) => self.refusal(item, text, place),
            ItemSaid::Call(call) => {
                let names = match call.form {
                    ToolForm::Custom => &CUSTOM_INPUT,
                    ToolForm::Function | ToolForm::Legacy => &ARGUMENTS,
                };
                self.payload(names, &call.payload, place);
            }
        }
        let finished = json!({ "output_index": index, "item": item.finished() });
        self.push("response.output_item.done", finished);
    }

    fn thoughts(&mut self, item: &Item<'_>, text: &str, place: impl Fn(Value) -> Value) {
        let place = |name: &str, value: Value| place(json!({ "summary_index": 0, name: value }));
        let begun = place("part", item.part_with(""));
        self.push("response.reasoning_summary_part.added", begun);
        for bit in bits(text) {
            let delta = place("delta", bit.into());
            self.push("response.reasoning_summary_text.delta", delta);
        }
        let whole = place("text", text.into());
        self.push("response.reasoning_summary_text.done", whole);
        let part = place("part", item.part());
        self.push("response.reasoning_summary_part.done", part);
    }

    fn text(&mut self, item: &Item<'_>, text: &str, place: impl Fn(Value) -> Value) {
        let part = |part: Value| place(json!({ "content_index": 0, "part": part }));
        let said = |name: &str, text: &str| {
            let logprobs = item.logprobs(text);
            place(json!({ "content_index": 0, name: text, "logprobs": logprobs }))
        };
        self.push("response.content_part.added", part(item.part_with("")));
        for bit in bits(text) {
            self.push("response.output_text.delta", said("delta", bit));
        }
        self.push("response.output_text.done", said("text", text));
        self.push("response.content_part.done", part(item.part()));
    }

    fn refusal(&mut self, item: &Item<'_>, text: &str, place: impl Fn(Value) -> Value) {
        let place = |name: &str, value: Value| place(json!({ "content_index": 0, name: value }));
        let begun = place("part", item.part_with(""));
        self.push("response.content_part.added", begun);
        for bit in bits(text) {
            self.push("response.refusal.delta", place("delta", bit.into()));
        }
        self.push("response.refusal.done", place("refusal", text.into()));
        self.push("response.content_part.done", place("part", item.part()));
    }

    fn payload(&mut self, names: &Payload, payload: &str, place: impl Fn(Value) -> Value) {
        for bit in bits(payload) {
            self.push(names.delta, place(json!({ "delta": bit })));
        }
        self.push(names.done, place(json!({ (names.field): payload })));
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
