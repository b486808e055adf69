//! A finished answer, and how it looks as one JSON object.

use serde::Serialize;
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
    /// The tier of service it had, where the request names one.
    pub(super) tier: Option<&'static str>,
    usage: SimulatedUsage,
}

impl Completion {
    pub(super) fn new(stamp: Stamp, model: String, choices: Vec<Turn>, input_tokens: u64) -> Self {
        let output_tokens = choices.iter().map(|choice| choice.length).sum();
        Self {
            stamp,
            model,
            choices,
            tier: None,
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
        serde_json::to_value(self.whole()).expect("an answer is plain data")
    }

    /// The same object, to be serialized: writing it does not build a [`Value`].
    pub(super) fn whole(&self) -> Whole<'_> {
        Whole {
            id: &self.stamp.id,
            object: "chat.completion",
            created: self.stamp.created_unix,
            model: &self.model,
            choices: self.choices.iter().map(WholeChoice::of).collect(),
            usage: Usage::of(self.usage),
            service_tier: self.tier,
            system_fingerprint: FINGERPRINT,
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Whole<'c> {
    id: &'c str,
    object: &'static str,
    created: i64,
    model: &'c str,
    choices: Vec<WholeChoice<'c>>,
    usage: Usage,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'static str>,
    system_fingerprint: &'static str,
}

#[derive(Debug, Serialize)]
struct WholeChoice<'c> {
    index: u64,
    message: Message<'c>,
    logprobs: Value,
    finish_reason: &'static str,
}

#[derive(Debug, Default, Serialize)]
struct Message<'c> {
    role: &'static str,
    content: Option<&'c str>,
    refusal: Option<&'c str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_call: Option<Value>,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Usage {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    prompt_tokens_details: PromptDetails,
    completion_tokens_details: CompletionDetails,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
struct PromptDetails {
    cached_tokens: u64,
    audio_tokens: u64,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
struct CompletionDetails {
    reasoning_tokens: u64,
    audio_tokens: u64,
    accepted_prediction_tokens: u64,
    rejected_prediction_tokens: u64,
}

impl Usage {
    pub(super) fn of(usage: SimulatedUsage) -> Self {
        Self {
            prompt_tokens: usage.input_tokens,
            completion_tokens: usage.output_tokens,
            total_tokens: usage.input_tokens + usage.output_tokens,
            prompt_tokens_details: PromptDetails::default(),
            completion_tokens_details: CompletionDetails::default(),
        }
    }
}

impl<'c> WholeChoice<'c> {
    fn of(choice: &'c Turn) -> Self {
        Self {
            index: choice.index,
            message: Message::of(&choice.said),
            logprobs: logprobs_json(choice, choice.said.prose().unwrap_or_default()),
            finish_reason: finish_name(choice.finish),
        }
    }
}

impl<'c> Message<'c> {
    fn of(said: &'c Said) -> Self {
        let mut message = Self {
            role: "assistant",
            ..Self::default()
        };
        match said {
            Said::Text(text) => message.content = Some(text),
            Said::Refusal(text) => message.refusal = Some(text),
            Said::Calls(calls) => {
                for call in calls {
                    match call_field(call, &call.payload) {
                        (LEGACY, value) => message.function_call = Some(value),
                        (_, value) => message.tool_calls.push(value),
                    }
                }
            }
        }
        message
    }
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
