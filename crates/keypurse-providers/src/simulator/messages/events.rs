//! A message as events.

use serde_json::{Value, json};

use super::message::{Block, Message, signature};
use crate::simulator::{conversation::bits, reply::Event};

/// The event before the last tells the usage.
pub(super) fn of(message: &Message<'_>) -> Vec<Event> {
    let mut events = Events(Vec::new());
    events.push("message_start", json!({ "message": message.begun() }));
    events.push("ping", json!({}));
    for (index, block) in message.blocks().iter().enumerate() {
        events.block(block, index);
    }
    let (reason, stop) = message.stop();
    let delta = json!({
        "stop_reason": reason,
        "stop_sequence": stop,
        "stop_details": message.stop_details(),
    });
    let usage = json!({
        "input_tokens": message.usage.input_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": message.usage.output_tokens,
    });
    events.push("message_delta", json!({ "delta": delta, "usage": usage }));
    events.push("message_stop", json!({}));
    events.0
}

struct Events(Vec<Event>);

impl Events {
    fn push(&mut self, name: &'static str, said: Value) {
        let mut data = json!({ "type": name });
        if let (Value::Object(data), Value::Object(said)) = (&mut data, said) {
            data.extend(said);
        }
        self.0.push(Event::named(name, &data));
    }

    fn block(&mut self, block: &Block<'_>, index: usize) {
        let begun = json!({ "index": index, "content_block": block.begun() });
        self.push("content_block_start", begun);
        match block {
            Block::Thoughts(text) => {
                self.deltas(index, ("thinking_delta", "thinking"), text);
                let signature = signature(text);
                let delta = json!({ "type": "signature_delta", "signature": signature });
                self.delta(index, &delta);
            }
            Block::Text(text) => self.deltas(index, ("text_delta", "text"), text),
            Block::Call(call) => {
                self.deltas(index, ("input_json_delta", "partial_json"), &call.payload);
            }
        }
        self.push("content_block_stop", json!({ "index": index }));
    }

    fn deltas(&mut self, index: usize, (kind, field): (&str, &str), text: &str) {
        for bit in bits(text) {
            self.delta(index, &json!({ "type": kind, field: bit }));
        }
    }

    fn delta(&mut self, index: usize, delta: &Value) {
        let delta = json!({ "index": index, "delta": delta });
        self.push("content_block_delta", delta);
    }
}
