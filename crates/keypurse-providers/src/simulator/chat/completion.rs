//! A finished answer, and how it looks as one JSON object.

use serde_json::{Map, Value, json};

use crate::simulator::{
    conversation::{Finish, Said, ToolCall, ToolForm, Turn, logprobs},
    reply::{SimulatedUsage, Stamp},
};

pub(super) const FINGERPRINT: &str = "fp_keypurse_simulator";

/// A simulated answer, ready to be written whole or as a stream.
#[derive(Clone, Debug)]
pub struct Completion {
    pub(super) stamp: Stamp,
    pub(super) model: String,
    pub(super) choices: Vec<Turn>,
    usage: SimulatedUsage,
}

impl Completion {
    pub(super) fn new(stamp: Stamp, model: String, choices: Vec<Turn>, input_tokens: u64) -> Self {
        let output_tokens = choices.iter().map(|choice| choice.length).sum();
        Self {
            stamp,
            model,
            choices,
            usage: SimulatedUsage {
                input_tokens,
                output_tokens,
                ..SimulatedUsage::default()
            },
        }
    }

    /// What the call is counted as.
    pub fn usage(&self) -> SimulatedUsage {
        self.usage
    }

    /// The `chat.completion` object, without cost.
    pub fn to_json(&self) -> Value {
        let choices: Vec<_> = self.choices.iter().map(to_json).collect();
        json!({
            "id": self.stamp.id,
            "object": "chat.completion",
            "created": self.stamp.created_unix,
            "model": self.model,
            "choices": choices,
            "usage": usage_json(self.usage),
            "system_fingerprint": FINGERPRINT,
        })
    }
}

pub(super) fn usage_json(usage: SimulatedUsage) -> Value {
    json!({
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": { "cached_tokens": 0, "audio_tokens": 0 },
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    })
}

fn to_json(choice: &Turn) -> Value {
    json!({
        "index": choice.index,
        "message": to_message(&choice.said),
        "logprobs": logprobs_json(choice, choice.said.prose().unwrap_or_default()),
        "finish_reason": finish_name(choice.finish),
    })
}

/// The log probabilities of `text`, a part of this choice; null unless the
/// request asked for them. Tool calls have none.
pub(super) fn logprobs_json(choice: &Turn, text: &str) -> Value {
    let field = match &choice.said {
        Said::Text(_) => "content",
        Said::Refusal(_) => "refusal",
        Said::Calls(_) => return Value::Null,
    };
    let Some(alternatives) = choice.top_logprobs else {
        return Value::Null;
    };
    let mut logprobs = json!({ "content": null, "refusal": null });
    logprobs[field] = logprobs::of(text, alternatives);
    logprobs
}

fn to_message(said: &Said) -> Value {
    let mut message = json!({ "role": "assistant", "content": null, "refusal": null });
    match said {
        Said::Text(text) => message["content"] = text.as_str().into(),
        Said::Refusal(text) => message["refusal"] = text.as_str().into(),
        Said::Calls(calls) => {
            for call in calls {
                let (field, value) = call_field(call, &call.payload);
                match message.get_mut(field).and_then(Value::as_array_mut) {
                    Some(listed) => listed.push(value),
                    None if field == LEGACY => message[field] = value,
                    None => message[field] = json!([value]),
                }
            }
        }
    }
    message
}

pub(super) const LEGACY: &str = "function_call";

/// The field of a message that holds calls like this one, and this one with
/// `payload` as its input.
pub(super) fn call_field(call: &ToolCall, payload: &str) -> (&'static str, Value) {
    let mut called = input(call.form, payload);
    called.shift_insert(0, "name".to_owned(), call.name.as_str().into());
    if call.form == ToolForm::Legacy {
        return (LEGACY, called.into());
    }
    let field = call.form.field();
    let mut json = json!({ "id": format!("call_{}", call.key), "type": field });
    json[field] = called.into();
    ("tool_calls", json)
}

pub(super) fn input(form: ToolForm, payload: &str) -> Map<String, Value> {
    let field = if form == ToolForm::Custom {
        "input"
    } else {
        "arguments"
    };
    Map::from_iter([(field.to_owned(), payload.into())])
}

pub(super) fn finish_name(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "stop",
        Finish::Length => "length",
        Finish::ToolCalls => "tool_calls",
        Finish::FunctionCall => "function_call",
    }
}
