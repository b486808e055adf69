//! Messages and parts, as the chat dialect writes them.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::gemini::UNSIGNED;

#[derive(Debug, Serialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub(super) enum Message<'a> {
    System {
        content: Content<'a>,
    },
    User {
        content: Content<'a>,
    },
    Assistant {
        content: Option<Content<'a>>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<Call<'a>>,
    },
    Tool {
        tool_call_id: &'a RawValue,
        content: Content<'a>,
    },
}

/// One text is written as such: not every server knows lists.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Content<'a> {
    Text(&'a RawValue),
    Parts(Vec<Part<'a>>),
    Empty(&'static str),
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Part<'a> {
    Text { text: &'a RawValue },
    ImageUrl { image_url: Url<'a> },
    File { file: File<'a> },
}

#[derive(Debug, Serialize)]
pub(super) struct Url<'a> {
    pub(super) url: Cow<'a, str>,
}

#[derive(Debug, Serialize)]
pub(super) struct File<'a> {
    pub(super) filename: Cow<'a, str>,
    pub(super) file_data: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Call<'a> {
    pub(super) id: &'a RawValue,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) function: Function<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) extra_content: Option<Extra>,
}

/// What Google's chat endpoint has beside a call ("OpenAI compatibility").
#[derive(Debug, Serialize)]
pub(super) struct Extra {
    google: Google,
}

#[derive(Debug, Serialize)]
struct Google {
    thought_signature: &'static str,
}

impl Extra {
    /// A `messages` request has no place for the proof itself.
    pub(super) const UNSIGNED: Self = Self {
        google: Google {
            thought_signature: UNSIGNED,
        },
    };
}

#[derive(Debug, Serialize)]
pub(super) struct Function<'a> {
    pub(super) name: &'a RawValue,
    pub(super) arguments: &'a str,
}

impl<'a> Content<'a> {
    pub(super) fn of(mut parts: Vec<Part<'a>>) -> Self {
        match parts.as_slice() {
            [] => Self::Empty(""),
            [Part::Text { text }] => Self::Text(text),
            _ => Self::Parts(std::mem::take(&mut parts)),
        }
    }
}

impl Message<'_> {
    /// Of parallel calls only the first one is signed.
    pub(super) fn sign(&mut self) {
        if let Self::Assistant { tool_calls, .. } = self
            && let Some(first) = tool_calls.first_mut()
        {
            first.extra_content = Some(Extra::UNSIGNED);
        }
    }
}
