//! A finished answer, and how it looks as one JSON object.

use serde_json::{Map, Value, json};

use super::{logprobs, request::ToolForm};

pub(super) const FINGERPRINT: &str = "fp_keypurse_simulator";

/// What an answer gets from outside: a pure function has neither.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// `chatcmpl-…`
    pub id: String,
    /// Seconds since 1970, UTC.
    pub created_unix: i64,
}

/// What the call is counted as, by the simulator's own [`count`](super::count).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SimulatedUsage {
    /// All messages, the tools and the answer's schema.
    pub input_tokens: u64,
    /// The text or the tool arguments of all choices.
    pub output_tokens: u64,
}

/// A simulated answer, ready to be written whole or as a stream.
#[derive(Clone, Debug)]
pub struct Completion {
    pub(super) stamp: Stamp,
    pub(super) model: String,
    pub(super) choices: Vec<Choice>,
    usage: SimulatedUsage,
}

#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) index: u64,
    pub(super) said: Said,
    pub(super) finish: Finish,
    /// In units of [`count`](super::count).
    pub(super) length: u64,
    pub(super) top_logprobs: Option<usize>,
}

#[derive(Clone, Debug)]
pub(super) enum Said {
    Text(String),
    Refusal(String),
    Call(ToolCall),
}

#[derive(Clone, Debug)]
pub(super) struct ToolCall {
    pub(super) form: ToolForm,
    pub(super) id: String,
    pub(super) name: String,
    /// JSON arguments, or the free text of a custom tool.
    pub(super) payload: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finish {
    Stop,
    Length,
    ToolCalls,
    FunctionCall,
}

impl Completion {
    pub(super) fn new(
        stamp: Stamp,
        model: String,
        choices: Vec<Choice>,
        input_tokens: u64,
    ) -> Self {
        let output_tokens = choices.iter().map(|choice| choice.length).sum();
        Self {
            stamp,
            model,
            choices,
            usage: SimulatedUsage {
                input_tokens,
                output_tokens,
            },
        }
    }

    /// What the call is counted as.
    pub fn usage(&self) -> SimulatedUsage {
        self.usage
    }

    /// The `chat.completion` object, without cost.
    pub fn to_json(&self) -> Value {
        let choices: Vec<_> = self.choices.iter().map(Choice::to_json).collect();
        json!({
            "id": self.stamp.id,
            "object": "chat.completion",
            "created": self.stamp.created_unix,
            "model": self.model,
            "choices": choices,
            "usage": self.usage.to_json(),
            "system_fingerprint": FINGERPRINT,
        })
    }
}

impl SimulatedUsage {
    pub(super) fn to_json(self) -> Value {
        json!({
            "prompt_tokens": self.input_tokens,
            "completion_tokens": self.output_tokens,
            "total_tokens": self.input_tokens + self.output_tokens,
            "prompt_tokens_details": { "cached_tokens": 0, "audio_tokens": 0 },
            "completion_tokens_details": {
                "reasoning_tokens": 0,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        })
    }
}

impl Choice {
    fn to_json(&self) -> Value {
        json!({
            "index": self.index,
            "message": self.said.to_message(),
            "logprobs": self.logprobs(self.said.text()),
            "finish_reason": self.finish.name(),
        })
    }

    /// The log probabilities of `text`, a part of this choice; null unless the
    /// request asked for them. Tool calls have none.
    pub(super) fn logprobs(&self, text: &str) -> Value {
        let (Some(alternatives), Some(field)) = (self.top_logprobs, self.said.prose_field()) else {
            return Value::Null;
        };
        let mut logprobs = json!({ "content": null, "refusal": null });
        logprobs[field] = logprobs::of(text, alternatives);
        logprobs
    }
}

impl Said {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Refusal(text) => text,
            Self::Call(call) => &call.payload,
        }
    }

    pub(super) fn text_mut(&mut self) -> &mut String {
        match self {
            Self::Text(text) | Self::Refusal(text) => text,
            Self::Call(call) => &mut call.payload,
        }
    }

    /// How it ends when nothing cuts it.
    pub(super) fn finish(&self) -> Finish {
        match self {
            Self::Text(_) | Self::Refusal(_) => Finish::Stop,
            Self::Call(call) => match call.form {
                ToolForm::Function | ToolForm::Custom => Finish::ToolCalls,
                ToolForm::Legacy => Finish::FunctionCall,
            },
        }
    }

    /// The field of a message or delta that holds the text.
    pub(super) fn prose_field(&self) -> Option<&'static str> {
        match self {
            Self::Text(_) => Some("content"),
            Self::Refusal(_) => Some("refusal"),
            Self::Call(_) => None,
        }
    }

    fn to_message(&self) -> Value {
        let mut message = json!({ "role": "assistant", "content": null, "refusal": null });
        match self {
            Self::Text(text) => message["content"] = text.as_str().into(),
            Self::Refusal(text) => message["refusal"] = text.as_str().into(),
            Self::Call(call) => {
                let (field, value) = call.to_field(&call.payload);
                message[field] = value;
            }
        }
        message
    }
}

impl ToolCall {
    /// The field of a message that holds this call, with `payload` as its input.
    pub(super) fn to_field(&self, payload: &str) -> (&'static str, Value) {
        let mut called = self.input(payload);
        called.shift_insert(0, "name".to_owned(), self.name.as_str().into());
        if self.form == ToolForm::Legacy {
            return ("function_call", called.into());
        }
        let field = self.form.field();
        let mut call = json!({ "id": self.id, "type": field });
        call[field] = called.into();
        ("tool_calls", json!([call]))
    }

    pub(super) fn input(&self, payload: &str) -> Map<String, Value> {
        let field = if self.form == ToolForm::Custom {
            "input"
        } else {
            "arguments"
        };
        Map::from_iter([(field.to_owned(), payload.into())])
    }
}

impl Finish {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
            Self::FunctionCall => "function_call",
        }
    }
}
