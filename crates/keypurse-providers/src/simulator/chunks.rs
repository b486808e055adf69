//! The same answer as a stream of `chat.completion.chunk` objects.

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    completion::{Choice, Completion, FINGERPRINT, Said, ToolCall},
    count::pieces,
    request::ToolForm,
};

/// Few enough that a client sees an answer grow, many enough that a sandbox
/// does not spend its time on braces.
const PIECES_PER_CHUNK: usize = 3;

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
    system_fingerprint: &'static str,
    choices: Vec<Step<'c>>,
    /// Absent unless the client asked for it, and null until the last chunk.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Value>,
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
        let steps = self.choices.iter().flat_map(Choice::steps);
        let mut chunks: Vec<_> = steps.map(|step| self.chunk(vec![step])).collect();
        if include_usage {
            for chunk in &mut chunks {
                chunk.usage = Some(Value::Null);
            }
            let usage = Some(self.usage().to_json());
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
            system_fingerprint: FINGERPRINT,
            choices,
            usage: None,
        }
    }
}

impl Choice {
    fn steps(&self) -> impl Iterator<Item = Step<'_>> {
        let opening = self.step(self.said.opening(), Value::Null);
        let bits = bits(self.said.text());
        let bits = bits.map(|bit| self.step(self.said.delta(bit), self.logprobs(bit)));
        let finish_reason = Some(self.finish.name());
        let last = self.step(Delta::Other(json!({})), Value::Null);
        std::iter::once(opening).chain(bits).chain([Step {
            finish_reason,
            ..last
        }])
    }

    fn step<'c>(&self, delta: Delta<'c>, logprobs: Value) -> Step<'c> {
        Step {
            index: self.index,
            delta,
            logprobs,
            finish_reason: None,
        }
    }
}

impl Said {
    /// The first delta: who speaks, and which tool is called.
    fn opening(&self) -> Delta<'_> {
        let mut opening = json!({ "role": "assistant", "content": null, "refusal": null });
        match self {
            Self::Text(_) => opening["content"] = "".into(),
            Self::Refusal(_) => opening["refusal"] = "".into(),
            Self::Call(call) => {
                let (field, mut value) = call.to_field("");
                if let Some(Value::Object(first)) = value.get_mut(0) {
                    first.shift_insert(0, "index".to_owned(), 0.into());
                }
                opening[field] = value;
            }
        }
        Delta::Other(opening)
    }

    fn delta<'c>(&self, bit: &'c str) -> Delta<'c> {
        match self {
            Self::Text(_) => Delta::Content { content: bit },
            Self::Refusal(_) => Delta::Refusal { refusal: bit },
            Self::Call(call) => Delta::Other(call.delta(bit)),
        }
    }
}

impl ToolCall {
    fn delta(&self, bit: &str) -> Value {
        let input = self.input(bit);
        match self.form {
            ToolForm::Legacy => json!({ "function_call": input }),
            ToolForm::Function => json!({ "tool_calls": [{ "index": 0, "function": input }] }),
            ToolForm::Custom => json!({ "tool_calls": [{ "index": 0, "custom": input }] }),
        }
    }
}

/// `text` in groups of pieces, without gaps.
fn bits(text: &str) -> impl Iterator<Item = &str> {
    let (mut rest, mut lengths) = (text, pieces(text).map(str::len));
    std::iter::from_fn(move || {
        let (bit, after) = rest.split_at(lengths.by_ref().take(PIECES_PER_CHUNK).sum());
        rest = after;
        (!bit.is_empty()).then_some(bit)
    })
}
