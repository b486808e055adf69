//! Answers in one piece.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::response::said_in_all;
use super::text::{is_object, once, text_bytes, texts};
use crate::anthropic::{self, block_bytes, block_texts};

/// What is asked of an answer, borrowed from its text.
#[derive(Debug)]
pub struct Answer<'a> {
    /// What it says it used.
    pub usage: Option<&'a RawValue>,
    /// The tier of service it says the call had.
    pub service_tier: Option<&'a RawValue>,
    /// A member of this name that the provider already has.
    pub cost: Option<&'a RawValue>,
    /// A member of this name that the provider already has.
    pub provider: Option<&'a RawValue>,
    /// How long the sound was that it is about, where it says so.
    duration: Option<&'a RawValue>,
    /// How many images it has.
    images: u64,
    /// Pieces of JSON whose texts are what the model said.
    said: Vec<&'a RawValue>,
    /// Blocks of a message.
    blocks: Vec<&'a RawValue>,
}

/// Members of answers of every route.
#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    /// An error instead of an answer; some providers send one with status 200.
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    service_tier: Option<&'a RawValue>,
    #[serde(borrow, default)]
    cost: Option<&'a RawValue>,
    #[serde(borrow, default)]
    provider: Option<&'a RawValue>,
    /// Of chat completions.
    #[serde(borrow, default)]
    choices: Option<Vec<Choice<'a>>>,
    /// Of responses.
    #[serde(borrow, default)]
    output: Option<&'a RawValue>,
    /// Of embeddings.
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
    /// Of moderations.
    #[serde(borrow, default)]
    results: Option<&'a RawValue>,
    /// Of transcriptions.
    #[serde(borrow, default)]
    text: Option<&'a RawValue>,
    #[serde(borrow, default)]
    duration: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
}

impl<'a> Answer<'a> {
    /// Reads a `chat.completion`. `None` when it is none: no JSON object of
    /// that shape, an error, or an object that says nothing.
    pub fn chat(body: &'a [u8]) -> Option<Self> {
        let mut wire = Wire::read(body)?;
        let is_failure = match &wire.choices {
            None => wire.error.is_some() || wire.usage.is_none(),
            Some(choices) => wire.error.is_some() && choices.is_empty(),
        };
        let choices = wire.choices.take().unwrap_or_default();
        let said = choices.into_iter().filter_map(|choice| choice.message);
        let said = said.collect();
        (!is_failure).then(|| wire.into_answer(said))
    }

    /// Reads a `response`. `None` when it is none, or one that failed and was
    /// paid for by nobody.
    pub fn response(body: &'a [u8]) -> Option<Self> {
        let wire = Wire::read(body)?;
        let output = wire.output.filter(|output| is_list(output))?;
        let is_failure = wire.error.is_some() && wire.usage.is_none();
        (!is_failure).then(|| wire.into_answer(said_in_all(output)))
    }

    /// Reads a list of embeddings. `None` when it is none.
    pub fn embeddings(body: &'a [u8]) -> Option<Self> {
        let wire = Wire::read(body)?;
        let is_list = wire.data.is_some_and(is_list) && wire.error.is_none();
        is_list.then(|| wire.into_answer(Vec::new()))
    }

    /// Reads the judgements of a moderation. `None` when it is none.
    pub fn moderations(body: &'a [u8]) -> Option<Self> {
        let wire = Wire::read(body)?;
        let is_list = wire.results.is_some_and(is_list) && wire.error.is_none();
        is_list.then(|| wire.into_answer(Vec::new()))
    }

    /// Reads a list of images. `None` when it is none, or has none.
    pub fn images(body: &'a [u8]) -> Option<Self> {
        let wire = Wire::read(body)?;
        let data = wire
            .data
            .filter(|data| is_list(data) && wire.error.is_none())?;
        let listed: Vec<&RawValue> = serde_json::from_str(data.get()).ok()?;
        let images = u64::try_from(listed.len())
            .ok()
            .filter(|count| *count > 0)?;
        Some(Self {
            images,
            ..wire.into_answer(Vec::new())
        })
    }

    /// Reads a transcription. `None` when it is none.
    pub fn transcription(body: &'a [u8]) -> Option<Self> {
        let wire = Wire::read(body)?;
        let text = wire
            .text
            .filter(|text| text.get().starts_with('"') && wire.error.is_none())?;
        Some(wire.into_answer(vec![text]))
    }

    /// How long the sound was that it is about, where it says so.
    pub fn duration(&self) -> Option<&'a RawValue> {
        self.duration
    }

    /// How many images it has.
    pub fn images_made(&self) -> u64 {
        self.images
    }

    /// Reads a `message` of Anthropic's. `None` when it is none.
    pub fn message(body: &'a [u8]) -> Option<Self> {
        let message = anthropic::Answer::read(body).filter(|message| !message.is_failure())?;
        Some(Self {
            usage: message.usage,
            service_tier: message.service_tier(),
            cost: message.cost,
            provider: message.provider,
            duration: None,
            images: 0,
            said: Vec::new(),
            blocks: message.content.unwrap_or_default(),
        })
    }

    /// UTF-8 bytes of what the model said.
    pub fn text_bytes(&self) -> u64 {
        let said = self.said.iter().map(|said| text_bytes(&once(said.get())));
        let blocks = self.blocks.iter().copied().map(block_bytes);
        said.chain(blocks).sum()
    }

    /// Every text the model said, to be counted.
    pub fn texts(&self) -> Vec<String> {
        let said = self.said.iter().flat_map(|said| texts(&once(said.get())));
        let blocks = self.blocks.iter().copied().flat_map(block_texts);
        said.chain(blocks).collect()
    }
}

impl<'a> Wire<'a> {
    fn read(body: &'a [u8]) -> Option<Self> {
        is_object(body).then(|| serde_json::from_slice(body).ok())?
    }

    fn into_answer(self, said: Vec<&'a RawValue>) -> Answer<'a> {
        Answer {
            usage: self.usage,
            service_tier: self.service_tier,
            cost: self.cost,
            provider: self.provider,
            duration: self.duration,
            images: 0,
            said,
            blocks: Vec::new(),
        }
    }
}

fn is_list(value: &RawValue) -> bool {
    value.get().starts_with('[')
}

#[cfg(test)]
mod tests {
    use super::Answer;

    #[test]
    fn a_chat_answer_is_read_or_recognised_as_none() {
        let body = br#"{"id":"x","choices":[{"index":0,"message":{"role":"assistant",
            "content":"Hi"},"finish_reason":"stop"},{"message":{"content":"you"}}],"usage":null}"#;
        let answer = Answer::chat(body).unwrap();
        assert_eq!((answer.text_bytes(), answer.usage.is_none()), (5, true));
        assert_eq!(answer.texts(), ["Hi", "you"]);
        for (body, is_answer) in [
            (r#"{"error":{"message":"overloaded"}}"#, false),
            ("{}", false),
            (r#"{"object":"chat.completion"}"#, false),
            (r#"{"choices":[]}"#, true),
            (
                r#"{"usage":{"prompt_tokens":3,"completion_tokens":0}}"#,
                true,
            ),
            ("", false),
            ("<html>", false),
            ("[]", false),
            ("null", false),
            ("{\"choices\":3}", false),
            ("{} {}", false),
        ] {
            assert_eq!(Answer::chat(body.as_bytes()).is_some(), is_answer, "{body}");
        }
    }

    #[test]
    fn vectors_and_judgements_are_lists() {
        let vectors = br#"{"object":"list","data":[{"embedding":[0.1]}],
            "usage":{"prompt_tokens":3,"total_tokens":3}}"#;
        let answer = Answer::embeddings(vectors).unwrap();
        assert!(answer.usage.is_some() && answer.text_bytes() == 0);
        assert!(Answer::moderations(br#"{"id":"m","results":[{"flagged":false}]}"#).is_some());
        for body in [
            "{}",
            r#"{"data":3,"results":{}}"#,
            r#"{"data":[],"results":[],"error":{"message":"no"}}"#,
            "[]",
        ] {
            assert!(Answer::embeddings(body.as_bytes()).is_none(), "{body}");
            assert!(Answer::moderations(body.as_bytes()).is_none(), "{body}");
        }
    }
}
