//! An answer, and each event of a stream: they have the same shape.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::openai::text::is_object;

/// An answer or a piece of one, borrowed from its text.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer<'a> {
    /// The answers, usually one.
    #[serde(borrow, default)]
    pub candidates: Option<Vec<Candidate<'a>>>,
    /// Why there is none.
    #[serde(borrow, default)]
    pub prompt_feedback: Option<Feedback<'a>>,
    /// What was used; in a stream, so far.
    #[serde(borrow, default)]
    pub usage_metadata: Option<&'a RawValue>,
    /// The model that answered.
    #[serde(borrow, default)]
    pub model_version: Option<&'a RawValue>,
    /// The answer's id.
    #[serde(borrow, default)]
    pub response_id: Option<&'a RawValue>,
    /// An error instead of an answer.
    #[serde(borrow, default)]
    pub error: Option<&'a RawValue>,
}

/// Why a prompt has no answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Feedback<'a> {
    /// `SAFETY`, `BLOCKLIST`, …
    #[serde(borrow, default)]
    pub block_reason: Option<Cow<'a, str>>,
}

/// One answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Candidate<'a> {
    /// Its number; the first one's may be left out.
    #[serde(default)]
    pub index: Option<u64>,
    #[serde(borrow, default)]
    content: Option<Content<'a>>,
    /// Why it ended; absent while it goes on.
    #[serde(borrow, default)]
    pub finish_reason: Option<Cow<'a, str>>,
}

#[derive(Debug, Deserialize)]
struct Content<'a> {
    #[serde(borrow, default)]
    parts: Option<Vec<Part<'a>>>,
}

/// A part of an answer. Members are as they are written.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Part<'a> {
    /// Text.
    #[serde(borrow, default)]
    pub text: Option<&'a RawValue>,
    /// Whether the text is thinking.
    #[serde(default)]
    pub thought: Option<bool>,
    /// The proof that a call was thought about.
    #[serde(borrow, default)]
    pub thought_signature: Option<&'a RawValue>,
    /// A call of a tool, always whole.
    #[serde(borrow, default)]
    pub function_call: Option<FunctionCall<'a>>,
}

/// A call of a tool.
#[derive(Debug, Deserialize)]
pub struct FunctionCall<'a> {
    /// Its id; not every model gives one.
    #[serde(borrow, default)]
    pub id: Option<&'a RawValue>,
    /// The function.
    #[serde(borrow)]
    pub name: &'a RawValue,
    /// An object.
    #[serde(borrow, default)]
    pub args: Option<&'a RawValue>,
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was complete, or nobody knows better.
    Complete,
    /// It reached its limit.
    Limit,
    /// A filter stopped it.
    Filtered,
}

impl<'a> Answer<'a> {
    /// Reads an answer; `None` when it is no JSON object of that shape.
    pub fn read(body: &'a [u8]) -> Option<Self> {
        is_object(body).then(|| serde_json::from_slice(body).ok())?
    }

    /// Whether the prompt was refused.
    pub fn is_blocked(&self) -> bool {
        let feedback = self.prompt_feedback.as_ref();
        feedback.is_some_and(|feedback| feedback.block_reason.is_some())
    }
}

impl<'a> Candidate<'a> {
    /// Its parts.
    pub fn parts(&self) -> &[Part<'a>] {
        let parts = self
            .content
            .as_ref()
            .and_then(|content| content.parts.as_deref());
        parts.unwrap_or_default()
    }

    /// Why it ended, if it has ("GenerateContentResponse", FinishReason).
    pub fn ending(&self) -> Option<Ending> {
        Some(match self.finish_reason.as_deref()? {
            "FINISH_REASON_UNSPECIFIED" | "" => return None,
            "MAX_TOKENS" | "CONTINUATION" => Ending::Limit,
            "SAFETY"
            | "RECITATION"
            | "LANGUAGE"
            | "BLOCKLIST"
            | "PROHIBITED_CONTENT"
            | "SPII"
            | "IMAGE_SAFETY"
            | "IMAGE_PROHIBITED_CONTENT"
            | "IMAGE_RECITATION"
            | "MODEL_ARMOR"
            | "ESCALATION"
            | "PUP_LIMITED_DISABLED" => Ending::Filtered,
            _ => Ending::Complete,
        })
    }
}
