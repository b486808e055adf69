//! The `message` object.

use serde_json::{Value, json};

use crate::simulator::{
    conversation::{Finish, Said, ToolCall, Turn},
    dice::{Dice, fingerprint},
    endpoint::Call,
    reply::SimulatedUsage,
};

/// One answer, and what is around it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'t> {
    pub(super) turn: &'t Turn,
    pub(super) call: Call<'t>,
    pub(super) usage: SimulatedUsage,
}

/// One content block of the answer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Block<'t> {
    Thoughts(&'t str),
    Text(&'t str),
    Call(&'t ToolCall),
}

impl<'t> Message<'t> {
    pub(super) fn to_json(self) -> Value {
        let content: Vec<_> = self.blocks().iter().map(Block::finished).collect();
        let (reason, stop) = self.stop();
        self.with(&content, &(reason.into(), stop), self.usage.output_tokens)
    }

    /// Before anything is said.
    pub(super) fn begun(self) -> Value {
        self.with(&[], &(Value::Null, Value::Null), 0)
    }

    pub(super) fn blocks(self) -> Vec<Block<'t>> {
        let thoughts = self.turn.thoughts.as_deref().map(Block::Thoughts);
        let mut blocks: Vec<_> = thoughts.into_iter().collect();
        match &self.turn.said {
            Said::Text(text) | Said::Refusal(text) if text.is_empty() => {}
            Said::Text(text) | Said::Refusal(text) => blocks.push(Block::Text(text)),
            Said::Calls(calls) => blocks.extend(calls.iter().map(Block::Call)),
        }
        blocks
    }

    /// `stop_reason` and `stop_sequence`.
    pub(super) fn stop(self) -> (&'static str, Value) {
        if let Some(stop) = &self.turn.stopped_by {
            return ("stop_sequence", stop.as_str().into());
        }
        let reason = match (self.turn.finish, &self.turn.said) {
            (Finish::Length, _) => "max_tokens",
            (_, Said::Refusal(_)) => "refusal",
            (Finish::Stop, _) => "end_turn",
            (Finish::ToolCalls | Finish::FunctionCall, _) => "tool_use",
        };
        (reason, Value::Null)
    }

    /// What a refusal is explained by; null else.
    pub(super) fn stop_details(self) -> Value {
        match &self.turn.said {
            Said::Refusal(text) if self.turn.finish != Finish::Length => {
                json!({ "type": "refusal", "category": null, "explanation": text })
            }
            _ => Value::Null,
        }
    }

    fn with(self, content: &[Value], stop: &(Value, Value), output_tokens: u64) -> Value {
        let details = match stop.0 {
            Value::Null => Value::Null,
            _ => self.stop_details(),
        };
        json!({
            "id": format!("msg_{}", self.call.stamp.id),
            "type": "message",
            "role": "assistant",
            "model": self.call.facts.model,
            "content": content,
            "stop_reason": stop.0,
            "stop_sequence": stop.1,
            "stop_details": details,
            "usage": {
                "input_tokens": self.usage.input_tokens,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0,
                "cache_creation": {
                    "ephemeral_5m_input_tokens": 0,
                    "ephemeral_1h_input_tokens": 0,
                },
                "output_tokens": output_tokens,
                "service_tier": "standard",
            },
        })
    }
}

impl Block<'_> {
    pub(super) fn begun(&self) -> Value {
        match self {
            Self::Thoughts(_) => json!({ "type": "thinking", "thinking": "", "signature": "" }),
            Self::Text(_) => json!({ "type": "text", "text": "" }),
            Self::Call(call) => call_json(call, &json!({})),
        }
    }

    fn finished(&self) -> Value {
        match self {
            Self::Thoughts(text) => {
                json!({ "type": "thinking", "thinking": text, "signature": signature(text) })
            }
            Self::Text(text) => json!({ "type": "text", "text": text }),
            Self::Call(call) => {
                // Arguments that were cut are no JSON; a stream shows them.
                let input = serde_json::from_str(&call.payload).unwrap_or_else(|_| json!({}));
                call_json(call, &input)
            }
        }
    }
}

fn call_json(call: &ToolCall, input: &Value) -> Value {
    let id = format!("toolu_{}", call.key);
    json!({ "type": "tool_use", "id": id, "name": call.name, "input": input })
}

/// Stands where Anthropic proves that the thoughts are its own. It proves
/// nothing, and says so: `c2ltdWxhdGVk` is base64 for `simulated`.
pub(super) fn signature(thoughts: &str) -> String {
    let mut dice = Dice::new(fingerprint([thoughts]), 0);
    format!("c2ltdWxhdGVk{:016x}", dice.roll())
}
