//! How each dialect says the same.

use bytes::Bytes;
use serde_json::{Value, json};

use super::script::INPUT_TOKENS;
use crate::upstream::{chat, chunk};

/// Whose API a request was made to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    Chat,
    Messages,
    Gemini,
}

/// What of a usage is told.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) output: Value,
    /// Of the output, what is not shown.
    pub(super) reasoning: u64,
}

impl Told {
    pub(super) fn output(output: impl Into<Value>) -> Self {
        Self {
            output: output.into(),
            reasoning: 0,
        }
    }
}

/// An event's data.
fn event(data: &Value) -> Bytes {
    match data["type"].as_str() {
        Some(kind) => format!("event: {kind}\ndata: {data}\n\n").into(),
        None => format!("data: {data}\n\n").into(),
    }
}

impl Wire {
    /// By the target of a request.
    pub(super) fn of(target: &str) -> Self {
        if target.contains("/models/") {
            Self::Gemini
        } else if target.ends_with("/messages") {
            Self::Messages
        } else {
            Self::Chat
        }
    }

    pub(super) fn usage(self, told: &Told) -> Value {
        let Told { output, reasoning } = told;
        match self {
            Self::Chat => json!({"prompt_tokens": INPUT_TOKENS, "completion_tokens": output,
                "completion_tokens_details": {"reasoning_tokens": reasoning}}),
            Self::Messages => json!({"input_tokens": INPUT_TOKENS, "output_tokens": output}),
            Self::Gemini if *reasoning > 0 => {
                let said = output.as_u64().unwrap_or(0) - reasoning;
                json!({"promptTokenCount": INPUT_TOKENS, "candidatesTokenCount": said,
                    "thoughtsTokenCount": reasoning})
            }
            Self::Gemini => {
                json!({"promptTokenCount": INPUT_TOKENS, "candidatesTokenCount": output})
            }
        }
    }

    /// Nothing was used, not even what was read.
    pub(super) fn nothing_used(self) -> Value {
        match self {
            Self::Chat => json!({"prompt_tokens": 0, "completion_tokens": 0}),
            Self::Messages => json!({"input_tokens": 0, "output_tokens": 0}),
            Self::Gemini => json!({"promptTokenCount": 0, "candidatesTokenCount": 0}),
        }
    }

    /// A whole answer.
    pub(super) fn whole(self, text: &str, usage: &Value) -> String {
        let answer = match self {
            Self::Chat => chat(text, usage),
            Self::Messages => json!({"id": "msg_1", "type": "message", "role": "assistant",
                "model": "m", "content": [{"type": "text", "text": text}],
                "stop_reason": "end_turn", "stop_sequence": null, "usage": usage}),
            Self::Gemini => Self::candidates(text, Some("STOP"), Some(usage)),
        };
        answer.to_string()
    }

    /// A second usage as the first member of a whole answer.
    pub(super) fn second_usage(self) -> String {
        let name = if self == Self::Gemini {
            "usageMetadata"
        } else {
            "usage"
        };
        format!("\"{name}\":{},", self.usage(&Told::output(1)))
    }

    /// What comes before the first text, if anything does: Anthropic tells what
    /// it has read there.
    pub(super) fn start(self, usage: Option<&Value>) -> Vec<Bytes> {
        if self != Self::Messages {
            return Vec::new();
        }
        let mut start = json!({"type": "message_start", "message": {"id": "msg_1",
            "type": "message", "role": "assistant", "model": "m", "content": [],
            "stop_reason": null, "stop_sequence": null}});
        if let Some(usage) = usage {
            start["message"]["usage"] = usage.clone();
        }
        let block = json!({"type": "content_block_start", "index": 0,
            "content_block": {"type": "text", "text": ""}});
        vec![event(&start), event(&block)]
    }

    /// A piece of text, and the usage so far if it is told.
    pub(super) fn text(self, text: &str, usage: Option<&Value>) -> Bytes {
        match self {
            Self::Chat => {
                let delta =
                    json!([{"index": 0, "delta": {"content": text}, "finish_reason": null}]);
                let mut chunk = chunk(delta);
                if let Some(usage) = usage {
                    chunk["usage"] = usage.clone();
                }
                event(&chunk)
            }
            Self::Messages => {
                let delta = event(&json!({"type": "content_block_delta", "index": 0,
                    "delta": {"type": "text_delta", "text": text}}));
                let told = usage.map(|usage| {
                    event(&json!({"type": "message_delta", "delta": {}, "usage": usage}))
                });
                [delta, told.unwrap_or_default()].concat().into()
            }
            Self::Gemini => event(&Self::candidates(text, None, usage)),
        }
    }

    /// A usage on its own.
    pub(super) fn told(self, usage: &Value) -> Bytes {
        match self {
            Self::Chat => {
                let mut chunk = chunk(json!([]));
                chunk["usage"] = usage.clone();
                event(&chunk)
            }
            Self::Messages => event(&json!({"type": "message_delta", "delta": {}, "usage": usage})),
            Self::Gemini => event(&json!({"usageMetadata": usage})),
        }
    }

    /// The end of the text, before what was used is told.
    pub(super) fn stop(self) -> Bytes {
        match self {
            Self::Chat => event(&chunk(
                json!([{"index": 0, "delta": {}, "finish_reason": "stop"}]),
            )),
            Self::Messages => event(&json!({"type": "content_block_stop", "index": 0})),
            Self::Gemini => Bytes::new(),
        }
    }

    /// The end, with what was used.
    pub(super) fn end(self, usage: &Value) -> Bytes {
        match self {
            Self::Chat if usage.is_null() => Bytes::new(),
            Self::Chat => self.told(usage),
            Self::Messages => {
                let mut end = json!({"type": "message_delta",
                    "delta": {"stop_reason": "end_turn", "stop_sequence": null}});
                if !usage.is_null() {
                    end["usage"] = usage.clone();
                }
                event(&end)
            }
            Self::Gemini => {
                let usage = Some(usage).filter(|usage| !usage.is_null());
                event(&Self::candidates("", Some("STOP"), usage))
            }
        }
    }

    /// The mark behind it.
    pub(super) fn mark(self) -> Bytes {
        match self {
            Self::Chat => Bytes::from_static(b"data: [DONE]\n\n"),
            Self::Messages => event(&json!({"type": "message_stop"})),
            Self::Gemini => Bytes::new(),
        }
    }

    /// An error instead of an answer.
    pub(super) fn error(self) -> Value {
        match self {
            Self::Chat => {
                json!({"error": {"message": "overloaded", "type": "t", "param": null, "code": "c"}})
            }
            Self::Messages => json!({"type": "error",
                "error": {"type": "overloaded_error", "message": "overloaded"}}),
            Self::Gemini => json!({"error": {"code": 503, "message": "overloaded",
                "status": "UNAVAILABLE"}}),
        }
    }

    pub(super) fn error_event(self) -> Bytes {
        event(&self.error())
    }

    /// The beginning of an event that is none.
    pub(super) fn half_an_event(self) -> &'static str {
        match self {
            Self::Chat => "data: {\"choices\":[",
            Self::Messages => {
                "event: content_block_delta\ndata: {\"type\":\"content_block_delta\","
            }
            Self::Gemini => "data: {\"candidates\":[",
        }
    }

    fn candidates(text: &str, reason: Option<&str>, usage: Option<&Value>) -> Value {
        let mut answer = json!({"responseId": "r1", "modelVersion": "m",
            "candidates": [{"index": 0, "content": {"role": "model", "parts": [{"text": text}]}}]});
        if let Some(reason) = reason {
            answer["candidates"][0]["finishReason"] = json!(reason);
        }
        if let Some(usage) = usage {
            answer["usageMetadata"] = usage.clone();
        }
        answer
    }
}
