//! A message as events.

use serde::Serialize;
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
                self.deltas(index, text, |thinking| Delta::Thinking { thinking });
                let signature = &signature(text);
                self.delta(index, Delta::Signature { signature });
            }
            Block::Text(text) => self.deltas(index, text, |text| Delta::Text { text }),
            Block::Call(call) => self.deltas(index, &call.payload, |partial_json| {
                Delta::InputJson { partial_json }
            }),
        }
        self.push("content_block_stop", json!({ "index": index }));
    }

    fn deltas<'t>(&mut self, index: usize, text: &'t str, of: impl Fn(&'t str) -> Delta<'t>) {
        for bit in bits(text) {
            self.delta(index, of(bit));
        }
    }

    fn delta(&mut self, index: usize, delta: Delta<'_>) {
        const KIND: &str = "content_block_delta";
        let data = BlockDelta {
            kind: KIND,
            index,
            delta,
        };
        self.0.push(Event::named(KIND, &data));
    }
}

/// Not a `Value` like the other events: a stream has dozens.
#[derive(Serialize)]
struct BlockDelta<'t> {
    #[serde(rename = "type")]
    kind: &'static str,
    index: usize,
    delta: Delta<'t>,
}

#[derive(Serialize)]
#[serde(tag = "type")]
enum Delta<'t> {
    #[serde(rename = "text_delta")]
    Text { text: &'t str },
    #[serde(rename = "thinking_delta")]
    Thinking { thinking: &'t str },
    #[serde(rename = "signature_delta")]
    Signature { signature: &'t str },
    #[serde(rename = "input_json_delta")]
    InputJson { partial_json: &'t str },
}
