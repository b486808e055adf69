//! The same answer as a stream of `chat.completion.chunk` objects.

use serde::Serialize;
use serde_json::{Value, json};

use super::completion::{
    Completion, FINGERPRINT, LEGACY, Usage, call_field, finish_name, input, logprobs_json,
};
use crate::simulator::conversation::{Said, ToolCall, ToolForm, Turn, bits};

/// One `chat.completion.chunk` object, to be serialized.
///
/// Not a `Value` like the whole answer: a stream has dozens, and most of each
/// is the same.
#[derive(Debug, Serialize)]
pub struct Chunk<'c> {
    id: &'c str,
    object: &'static str,
    created: i64,
    model: &'c str,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'static str>,
    system_fingerprint: &'static str,
    choices: Vec<Step<'c>>,
    /// Absent unless the client asked for it, and null until the last chunk.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[expect(
        clippy::option_option,
        reason = "absent, null and a number of tokens differ"
    )]
    usage: Option<Option<Usage>>,
}

/// What one chunk adds to one choice.
#[derive(Debug, Serialize)]
struct Step<'c> {
    index: u64,
    delta: Delta<'c>,
    logprobs: Value,
    finish_reason: Option<&'static str>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Delta<'c> {
    Content { content: &'c str },
    Refusal { refusal: &'c str },
    Other(Value),
}

impl Completion {
    /// The chunks in order: for each choice its role, its text or arguments bit
    /// by bit, and its finish; last the usage, if wanted, without choices.
    ///
    /// The bits, joined, are what [`Completion::to_json`] says in one piece.
    pub fn chunks(&self, include_usage: bool) -> Vec<Chunk<'_>> {
        let steps = self.choices.iter().flat_map(steps);
        let mut chunks: Vec<_> = steps.map(|step| self.chunk(vec![step])).collect();
        if include_usage {
            for chunk in &mut chunks {
                chunk.usage = Some(None);
            }
            let usage = Some(Some(Usage::of(self.usage())));
            chunks.push(Chunk {
                usage,
                ..self.chunk(Vec::new())
            });
        }
        chunks
    }

    fn chunk<'c>(&'c self, choices: Vec<Step<'c>>) -> Chunk<'c> {
        Chunk {
            id: &self.stamp.id,
            object: "chat.completion.chunk",
            created: self.stamp.created_unix,
            model: &self.model,
            service_tier: self.tier,
            system_fingerprint: FINGERPRINT,
            choices,
            usage: None,
        }
    }
}

fn steps(choice: &Turn) -> Vec<Step<'_>> {
    let mut steps = vec![step(choice, opening(&choice.said))];
    match &choice.said {
        Said::Text(text) => steps.extend(bits(text).map(|content| Step {
            logprobs: logprobs_json(choice, content),
            ..step(choice, Delta::Content { content })
        })),
        Said::Refusal(text) => steps.extend(bits(text).map(|refusal| Step {
            logprobs: logprobs_json(choice, refusal),
            ..step(choice, Delta::Refusal { refusal })
        })),
        Said::Calls(calls) => {
            for (at, call) in calls.iter().enumerate() {
                if at > 0 {
                    let (field, value) = call_opening(call, at);
                    steps.push(step(choice, Delta::Other(json!({ field: value }))));
                }
                let deltas = bits(&call.payload).map(|bit| call_delta(call, at, bit));
                steps.extend(deltas.map(|delta| step(choice, Delta::Other(delta))));
            }
        }
    }
    steps.push(Step {
        finish_reason: Some(finish_name(choice.finish)),
        ..step(choice, Delta::Other(json!({})))
    });
    steps
}

fn step<'c>(choice: &Turn, delta: Delta<'c>) -> Step<'c> {
    Step {
        index: choice.index,
        delta,
        logprobs: Value::Null,
        finish_reason: None,
    }
}

/// The first delta: who speaks, and which tool is called first.
fn opening(said: &Said) -> Delta<'_> {
    let mut opening = json!({ "role": "assistant", "content": null, "refusal": null });
    match said {
        Said::Text(_) => opening["content"] = "".into(),
        Said::Refusal(_) => opening["refusal"] = "".into(),
        Said::Calls(calls) => {
            if let Some(first) = calls.first() {
                let (field, value) = call_opening(first, 0);
                opening[field] = value;
            }
        }
    }
    Delta::Other(opening)
}

/// A call without its input, as the field of a delta.
fn call_opening(call: &ToolCall, at: usize) -> (&'static str, Value) {
    let (field, mut value) = call_field(call, "");
    if field == LEGACY {
        return (field, value);
    }
    if let Value::Object(opened) = &mut value {
        opened.shift_insert(0, "index".to_owned(), at.into());
    }
    (field, json!([value]))
}

fn call_delta(call: &ToolCall, at: usize, bit: &str) -> Value {
    let input = input(call.form, bit);
    match call.form {
        ToolForm::Legacy => json!({ "function_call": input }),
        form => json!({ "tool_calls": [{ "index": at, form.field(): input }] }),
    }
}
