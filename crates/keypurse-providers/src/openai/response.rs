//! A `response` object, and the events of its stream.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::text::{is_object, text_bytes, texts};

/// What is asked of an event of a `responses` stream, borrowed from its text.
#[derive(Debug, Deserialize)]
pub struct ResponseEvent<'a> {
    /// `response.output_text.delta`, `response.completed`, …
    #[serde(borrow, rename = "type")]
    pub kind: Cow<'a, str>,
    /// Where it stands in the stream.
    #[serde(default)]
    pub sequence_number: Option<u64>,
    /// The response as it is by now.
    #[serde(borrow, default)]
    pub response: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) delta: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) item: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) part: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) output_index: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) content_index: Option<&'a RawValue>,
}

/// What an event does to its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseStep {
    /// It adds something.
    Goes,
    /// It is the last one, and has the whole response.
    Ends,
    /// It is an error, and the last one.
    Fails,
}

impl<'a> ResponseEvent<'a> {
    /// Reads an event's data; `None` when it is no JSON object with a type.
    pub fn read(data: &'a str) -> Option<Self> {
        let event: Self = is_object(data.as_bytes())
            .then(|| serde_json::from_str(data).ok())
            .flatten()?;
        // It is written into a line of its own again.
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        event.kind.bytes().all(is_name).then_some(event)
    }

    /// What it does to its stream.
    pub fn step(&self) -> ResponseStep {
        match self.kind.as_ref() {
            "response.completed" | "response.incomplete" | "response.failed" => ResponseStep::Ends,
            "error" => ResponseStep::Fails,
            _ => ResponseStep::Goes,
        }
    }

    /// What the model said in it and had not said before.
    fn said(&self) -> Option<&'a RawValue> {
        self.delta.filter(|_| self.kind.ends_with(".delta"))
    }

    /// UTF-8 bytes of that.
    pub fn text_bytes(&self) -> u64 {
        self.said().map_or(0, |said| text_bytes(said.get()))
    }

    /// Every text of that, to be counted.
    pub fn texts(&self) -> Vec<String> {
        self.said().map_or_else(Vec::new, |said| texts(said.get()))
    }

    /// A part of the output that is complete, whose text most providers sent
    /// before.
    pub fn complete_item(&self) -> Option<CompleteItem<'a>> {
        let item = self
            .item
            .filter(|_| self.kind == "response.output_item.done")?;
        Some(CompleteItem {
            said: said_in(item),
        })
    }
}

/// A part of the output that is complete.
#[derive(Debug)]
pub struct CompleteItem<'a> {
    said: Vec<&'a RawValue>,
}

impl CompleteItem<'_> {
    /// UTF-8 bytes of what it says.
    pub fn text_bytes(&self) -> u64 {
        self.said.iter().map(|said| text_bytes(said.get())).sum()
    }

    /// Every text of that, to be counted.
    pub fn texts(&self) -> Vec<String> {
        self.said
            .iter()
            .flat_map(|said| texts(said.get()))
            .collect()
    }
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    summary: Option<&'a RawValue>,
    #[serde(borrow, default)]
    name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
    #[serde(borrow, default)]
    input: Option<&'a RawValue>,
    #[serde(borrow, default)]
    action: Option<&'a RawValue>,
    #[serde(borrow, default)]
    operation: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow, default)]
    text: Option<&'a RawValue>,
    #[serde(borrow, default)]
    refusal: Option<&'a RawValue>,
}

/// What the model said in all of an `output`.
pub(super) fn said_in_all(output: &RawValue) -> Vec<&RawValue> {
    let items: Vec<&RawValue> = serde_json::from_str(output.get()).unwrap_or_default();
    items.into_iter().flat_map(said_in).collect()
}

/// Pieces of JSON whose texts the model said in an item of an output.
fn said_in(item: &RawValue) -> Vec<&RawValue> {
    let is_object = item.get().starts_with('{');
    let Some(item) = is_object
        .then(|| serde_json::from_str::<Item<'_>>(item.get()).ok())
        .flatten()
    else {
        return Vec::new();
    };
    let parts = [item.content, item.summary].into_iter().flatten();
    let parts = parts.flat_map(|parts| {
        let parts: Vec<Part<'_>> = serde_json::from_str(parts.get()).unwrap_or_default();
        parts
    });
    let texts = parts.flat_map(|part| [part.text, part.refusal]);
    let calls = [
        item.name,
        item.arguments,
        item.input,
        item.action,
        item.operation,
    ];
    texts.chain(calls).flatten().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{ResponseEvent, ResponseStep};
    use crate::openai::Answer;

    #[test]
    fn an_event_says_only_what_is_new() {
        for (data, bytes) in [
            (
                json!({"type": "response.output_text.delta", "delta": "Hé"}),
                3,
            ),
            (
                json!({"type": "response.function_call_arguments.delta", "delta": "{\"a\""}),
                4,
            ),
            (
                json!({"type": "response.output_text.done", "text": "Hé"}),
                0,
            ),
            (
                json!({"type": "response.created", "response": {"id": "resp_1"}}),
                0,
            ),
        ] {
            let data = data.to_string();
            let event = ResponseEvent::read(&data).unwrap();
            assert_eq!(event.text_bytes(), bytes, "{data}");
            let texts: usize = event.texts().iter().map(String::len).sum();
            assert_eq!(u64::try_from(texts).unwrap(), bytes);
            assert_eq!(event.step(), ResponseStep::Goes);
        }
        for (data, step) in [
            (
                json!({"type": "response.completed", "response": {}}),
                ResponseStep::Ends,
            ),
            (
                json!({"type": "response.incomplete", "response": {}}),
                ResponseStep::Ends,
            ),
            (
                json!({"type": "response.failed", "response": {}}),
                ResponseStep::Ends,
            ),
            (
                json!({"type": "error", "message": "no"}),
                ResponseStep::Fails,
            ),
        ] {
            let data = data.to_string();
            assert_eq!(ResponseEvent::read(&data).unwrap().step(), step);
        }
        for data in [
            "",
            "[]",
            "{}",
            "{\"type\":7}",
            "{\"type\":\"a\\nb\"}",
            "[DONE]",
        ] {
            assert!(ResponseEvent::read(data).is_none(), "{data}");
        }
    }

    #[test]
    fn a_response_is_read_or_recognised_as_none() {
        let body = json!({"id": "resp_1", "object": "response", "status": "completed",
            "error": null, "previous_response_id": null, "service_tier": "default",
            "output": [
                {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "ab"}]},
                {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
                    "content": [{"type": "output_text", "text": "Hi", "annotations": [{"url": "x"}],
                        "logprobs": [{"token": "Hi"}]}, {"type": "refusal", "refusal": "no"}]},
                {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
                7,
            ],
            "usage": {"input_tokens": 1, "output_tokens": 2}})
        .to_string();
        let answer = Answer::response(body.as_bytes()).unwrap();
        assert_eq!(
            (answer.text_bytes(), answer.texts().concat()),
            (9, "abHinof{}".to_owned())
        );
        assert!(answer.usage.is_some() && answer.service_tier.is_some());
        for (body, is_answer) in [
            (r#"{"output":[]}"#, true),
            (r#"{"status":"incomplete","output":[]}"#, true),
            (
                r#"{"status":"failed","error":{"code":"server_error"},"output":[]}"#,
                false,
            ),
            (
                r#"{"status":"failed","error":{},"output":[],"usage":{"input_tokens":1}}"#,
                true,
            ),
            (r#"{"error":{"message":"no"}}"#, false),
            ("{}", false),
            ("[]", false),
            (r#"{"output":7}"#, false),
        ] {
            assert_eq!(
                Answer::response(body.as_bytes()).is_some(),
                is_answer,
                "{body}"
            );
        }
        let done = json!({"type": "response.output_item.done",
            "item": {"type": "message", "content": [{"type": "output_text", "text": "Hi"}]}});
        let done = done.to_string();
        let item = ResponseEvent::read(&done).unwrap().complete_item().unwrap();
        assert_eq!(
            (item.text_bytes(), item.texts()),
            (2, vec!["Hi".to_owned()])
        );
    }
}
