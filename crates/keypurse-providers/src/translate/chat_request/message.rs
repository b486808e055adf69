//! Messages and parts, as the chat dialect writes them.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::gemini::UNSIGNED;
use crate::translate::proof::Thinking;

#[derive(Debug, Serialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub(in crate::translate) enum Message<'a> {
    System {
        content: Content<'a>,
    },
    User {
        content: Content<'a>,
    },
    Assistant {
        content: Option<Content<'a>>,
        /// Anthropic's blocks, for its translator alone.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        thinking_blocks: Vec<Thinking>,
        /// What was thought, for a provider that wants to see it.
        #[serde(skip_serializing_if = "Option::is_none")]
        reasoning_content: Option<String>,
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
pub(in crate::translate) enum Content<'a> {
    Text(&'a RawValue),
    Parts(Vec<Part<'a>>),
    Empty(&'static str),
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(in crate::translate) enum Part<'a> {
    Text { text: &'a RawValue },
    ImageUrl { image_url: Url<'a> },
    File { file: File<'a> },
}

#[derive(Debug, Serialize)]
pub(in crate::translate) struct Url<'a> {
    pub(in crate::translate) url: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::translate) detail: Option<&'a RawValue>,
}

#[derive(Debug, Serialize)]
pub(in crate::translate) struct File<'a> {
    pub(in crate::translate) filename: Cow<'a, str>,
    pub(in crate::translate) file_data: String,
}

#[derive(Debug, Serialize)]
pub(in crate::translate) struct Call<'a> {
    pub(in crate::translate) id: &'a RawValue,
    #[serde(rename = "type")]
    pub(in crate::translate) kind: &'static str,
    pub(in crate::translate) function: Function<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::translate) extra_content: Option<Extra>,
}

/// What Google's chat endpoint has beside a call ("OpenAI compatibility").
#[derive(Debug, Serialize)]
pub(in crate::translate) struct Extra {
    google: Google,
}

#[derive(Debug, Serialize)]
struct Google {
    thought_signature: Cow<'static, str>,
}

impl Extra {
    /// For a request that has no place for the proof itself.
    const UNSIGNED: Self = Self {
        google: Google {
            thought_signature: Cow::Borrowed(UNSIGNED),
        },
    };

    /// The proof of a call.
    pub(in crate::translate) fn signed(signature: String) -> Self {
        let thought_signature = Cow::Owned(signature);
        Self {
            google: Google { thought_signature },
        }
    }
}

#[derive(Debug, Serialize)]
pub(in crate::translate) struct Function<'a> {
    pub(in crate::translate) name: Cow<'a, RawValue>,
    pub(in crate::translate) arguments: Cow<'a, str>,
}

impl<'a> Content<'a> {
    pub(in crate::translate) fn of(mut parts: Vec<Part<'a>>) -> Self {
        match parts.as_slice() {
            [] => Self::Empty(""),
            [Part::Text { text }] => Self::Text(text),
            _ => Self::Parts(std::mem::take(&mut parts)),
        }
    }
}

impl Message<'_> {
    /// Of parallel calls only the first one is signed.
    pub(in crate::translate) fn sign(&mut self) {
        if let Self::Assistant { tool_calls, .. } = self
            && let Some(first) = tool_calls.first_mut()
        {
            first.extra_content.get_or_insert(Extra::UNSIGNED);
        }
    }
}
