//! A `chat.completion.chunk` object.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::text::{is_object, once, text_bytes, texts};
use crate::members::Members;

/// What is asked of a chunk, borrowed from its text.
#[derive(Debug, Deserialize)]
pub struct Chunk<'a> {
    /// What was used so far or in all.
    #[serde(borrow, default)]
    pub usage: Option<&'a RawValue>,
    /// An error that ends the stream.
    #[serde(borrow, default)]
    pub error: Option<&'a RawValue>,
    /// The tier of service it says the call has.
    #[serde(borrow, default)]
    pub service_tier: Option<&'a RawValue>,
    #[serde(borrow, default)]
    choices: Option<Vec<Choice<'a>>>,
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    created: Option<&'a RawValue>,
    #[serde(borrow, default)]
    model: Option<&'a RawValue>,
}

/// What the choices of a chunk say beside their deltas.
#[derive(Debug)]
pub struct Beside<'a>(Vec<&'a RawValue>);

#[derive(Deserialize)]
struct Choices<'a> {
    #[serde(borrow)]
    choices: Vec<&'a RawValue>,
}

/// Members of a choice that are none of the model's text, or repeat it.
const BESIDE: [&str; 10] = [
    "delta",
    "error",
    "id",
    "logprobs",
    "matched_stop",
    "model",
    "object",
    "provider",
    "role",
    "type",
];

#[derive(Debug, Deserialize)]
struct Choice<'a> {
    #[serde(borrow, default)]
    delta: Option<&'a RawValue>,
    #[serde(borrow, default)]
    finish_reason: Option<&'a RawValue>,
}

impl<'a> Chunk<'a> {
    /// Reads a chunk; `None` when it is no JSON object of that shape.
    pub fn read(data: &'a str) -> Option<Self> {
        is_object(data.as_bytes()).then(|| serde_json::from_str(data).ok())?
    }

    /// Whether it says anything but usage.
    pub fn has_choices(&self) -> bool {
        self.choices
            .as_ref()
            .is_some_and(|choices| !choices.is_empty())
    }

    /// UTF-8 bytes of what the model said in it.
    pub fn text_bytes(&self) -> u64 {
        let deltas = self
            .choices
            .iter()
            .flatten()
            .filter_map(|choice| choice.delta);
        deltas.map(|delta| text_bytes(&once(delta.get()))).sum()
    }

    /// Every text the model said in it, to be counted.
    pub fn texts(&self) -> Vec<String> {
        let deltas = self
            .choices
            .iter()
            .flatten()
            .filter_map(|choice| choice.delta);
        deltas.flat_map(|delta| texts(&once(delta.get()))).collect()
    }

    /// How many choices it ends.
    pub fn finished(&self) -> u64 {
        let choices = self.choices.iter().flatten();
        choices.fold(0, |count, choice| {
            count + u64::from(choice.finish_reason.is_some())
        })
    }

    /// A chunk like this one that says that all choices reached their limit.
    pub fn cut_at_limit(&self, choices: u64) -> String {
        let ends: Vec<String> = (0..choices)
            .map(|index| format!(r#"{{"index":{index},"delta":{{}},"finish_reason":"length"}}"#))
            .collect();
        self.with_members(&format!(r#""choices":[{}]"#, ends.join(",")))
    }

    /// A chunk like this one without choices, with this usage.
    pub fn usage_only(&self, usage: &str) -> String {
        self.with_members(&format!(r#""choices":[],"usage":{usage}"#))
    }

    fn with_members(&self, members: &str) -> String {
        let text = |member: Option<&'a RawValue>| member.map_or("null", RawValue::get);
        format!(
            r#"{{"id":{},"object":"chat.completion.chunk","created":{},"model":{},{members}}}"#,
            text(self.id),
            text(self.created),
            text(self.model),
        )
    }
}

impl<'a> Beside<'a> {
    /// Reads a chunk for it; nothing where it is none.
    pub fn read(data: &'a str) -> Self {
        let read: Option<Choices<'a>> = serde_json::from_str(data).ok();
        let choices = read.map_or_else(Vec::new, |chunk| chunk.choices);
        let members = choices
            .into_iter()
            .filter_map(|choice| Members::read(choice.get()));
        let members = members.flat_map(|Members(members)| members);
        let said = members.filter(|(name, _)| !is_told_about(name));
        Self(said.map(|(_, value)| value).collect())
    }

    /// UTF-8 bytes of that.
    pub fn text_bytes(&self) -> u64 {
        let said = self.0.iter();
        said.map(|said| text_bytes(&once(said.get()))).sum()
    }

    /// Every text of that, to be counted.
    pub fn texts(&self) -> Vec<String> {
        let said = self.0.iter();
        said.flat_map(|said| texts(&once(said.get()))).collect()
    }
}

/// Whether a member of a choice is about its text. Why it ended, and what
/// filters found, have more names than one.
fn is_told_about(name: &str) -> bool {
    BESIDE.contains(&name) || name.ends_with("_reason") || name.starts_with("content_filter")
}

#[cfg(test)]
mod tests {
    use super::Chunk;

    const CONTENT: &str = r#"{"id":"c1","object":"chat.completion.chunk","created":7,"model":"m",
        "choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}],"usage":null}"#;

    #[test]
    fn a_chunk_tells_text_end_and_usage() {
        let content = Chunk::read(CONTENT).unwrap();
        assert!(content.has_choices() && content.usage.is_none());
        assert_eq!((content.text_bytes(), content.finished()), (2, 0));
        assert_eq!(content.texts(), ["Hi"]);
        let last = r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#;
        assert_eq!(Chunk::read(last).unwrap().finished(), 1);
        let usage = Chunk::read(r#"{"choices":[],"usage":{"prompt_tokens":1}}"#).unwrap();
        assert!(!usage.has_choices() && usage.usage.is_some());
        for data in ["", "{", "[]", "[DONE]", "{\"choices\":1}"] {
            assert!(Chunk::read(data).is_none(), "{data}");
        }
    }

    #[test]
    fn text_in_parts_is_text() {
        let parts = r#"{"choices":[{"delta":{"content":[{"type":"thinking","thinking":
            [{"type":"text","text":"Hm"}]},{"type":"text","text":"A"}]}}]}"#;
        let chunk = Chunk::read(parts).unwrap();
        assert_eq!(
            (chunk.text_bytes(), chunk.texts().join("|")),
            (3, "Hm|A".to_owned())
        );
    }

    #[test]
    fn chunks_of_our_own_continue_the_stream() {
        let chunk = Chunk::read(CONTENT).unwrap();
        assert_eq!(
            chunk.cut_at_limit(2),
            r#"{"id":"c1","object":"chat.completion.chunk","created":7,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"length"},{"index":1,"delta":{},"finish_reason":"length"}]}"#
        );
        assert_eq!(
            chunk.usage_only("{}"),
            r#"{"id":"c1","object":"chat.completion.chunk","created":7,"model":"m","choices":[],"usage":{}}"#
        );
    }
}
