//! A `chat.completion` object.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::text::{is_object, text_bytes, texts};

/// What is asked of an answer, borrowed from its text.
#[derive(Debug, Deserialize)]
pub struct Answer<'a> {
    /// What it says it used.
    #[serde(borrow, default)]
    pub usage: Option<&'a RawValue>,
    /// An error instead of an answer; some providers send one with status 200.
    #[serde(borrow, default)]
    pub error: Option<&'a RawValue>,
    /// The tier of service it says the call had.
    #[serde(borrow, default)]
    pub service_tier: Option<&'a RawValue>,
    #[serde(borrow, default)]
    choices: Option<Vec<Choice<'a>>>,
    /// A member of this name that the provider already has.
    #[serde(borrow, default)]
    pub cost: Option<&'a RawValue>,
    /// A member of this name that the provider already has.
    #[serde(borrow, default)]
    pub provider: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct Choice<'a> {
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
}

impl<'a> Answer<'a> {
    /// Reads an answer; `None` when it is no JSON object of that shape.
    pub fn read(body: &'a [u8]) -> Option<Self> {
        is_object(body).then(|| serde_json::from_slice(body).ok())?
    }

    /// Whether it is none: an error, or an object that says nothing.
    pub fn is_failure(&self) -> bool {
        match &self.choices {
            None => self.error.is_some() || self.usage.is_none(),
            Some(choices) => self.error.is_some() && choices.is_empty(),
        }
    }

    /// UTF-8 bytes of what the model said.
    pub fn text_bytes(&self) -> u64 {
        self.messages()
            .map(|message| text_bytes(message.get()))
            .sum()
    }

    /// Every text the model said, to be counted.
    pub fn texts(&self) -> Vec<String> {
        self.messages()
            .flat_map(|message| texts(message.get()))
            .collect()
    }

    fn messages(&self) -> impl Iterator<Item = &'a RawValue> {
        self.choices
            .iter()
            .flatten()
            .filter_map(|choice| choice.message)
    }
}

#[cfg(test)]
mod tests {
    use super::Answer;

    #[test]
    fn an_answer_is_read_or_recognised_as_none() {
        let body = br#"{"id":"x","choices":[{"index":0,"message":{"role":"assistant",
            "content":"Hi"},"finish_reason":"stop"},{"message":{"content":"you"}}],"usage":null}"#;
        let answer = Answer::read(body).unwrap();
        assert_eq!((answer.text_bytes(), answer.usage.is_none()), (5, true));
        assert_eq!(answer.texts(), ["Hi", "you"]);
        assert!(!answer.is_failure());
        let failure = Answer::read(br#"{"error":{"message":"overloaded"}}"#).unwrap();
        assert!(failure.is_failure());
        for (body, is_failure) in [
            ("{}", true),
            (r#"{"object":"chat.completion"}"#, true),
            (r#"{"choices":[]}"#, false),
            (
                r#"{"usage":{"prompt_tokens":3,"completion_tokens":0}}"#,
                false,
            ),
        ] {
            let answer = Answer::read(body.as_bytes()).unwrap();
            assert_eq!(answer.is_failure(), is_failure, "{body}");
        }
        for body in ["", "<html>", "[]", "null", "{\"choices\":3}", "{} {}"] {
            assert!(Answer::read(body.as_bytes()).is_none(), "{body}");
        }
    }
}
