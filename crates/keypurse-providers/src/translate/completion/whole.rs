//! A whole `chat.completion`.

use keypurse_core::usage::TokenCounts;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::openai::write_usage;

/// One choice. Texts are as they are written, without their quotes.
#[derive(Debug, Default)]
pub(in crate::translate) struct Answered<'a> {
    pub(in crate::translate) content: Option<String>,
    pub(in crate::translate) reasoning: Option<String>,
    /// Anthropic's signed blocks, as they are written.
    pub(in crate::translate) thinking_blocks: Vec<&'a RawValue>,
    pub(in crate::translate) calls: Vec<AnsweredCall<'a>>,
    pub(in crate::translate) finish_reason: &'static str,
    pub(in crate::translate) logprobs: Option<Box<RawValue>>,
}

/// A tool call.
#[derive(Debug, Serialize)]
pub(in crate::translate) struct AnsweredCall<'a> {
    id: std::borrow::Cow<'a, RawValue>,
    #[serde(rename = "type")]
    kind: &'static str,
    function: Function<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extra_content: Option<Box<RawValue>>,
}

#[derive(Debug, Serialize)]
struct Function<'a> {
    name: &'a RawValue,
    arguments: &'a str,
}

impl Answered<'_> {
    /// Appends a text as it is written, with its quotes. `None` when it is no
    /// text.
    pub(in crate::translate) fn append(to: &mut Option<String>, text: &RawValue) -> Option<()> {
        let inner = text.get().strip_prefix('"')?.strip_suffix('"')?;
        to.get_or_insert_default().push_str(inner);
        Some(())
    }
}

impl<'a> AnsweredCall<'a> {
    pub(in crate::translate) fn new(
        id: std::borrow::Cow<'a, RawValue>,
        name: &'a RawValue,
        arguments: &'a str,
        extra_content: Option<Box<RawValue>>,
    ) -> Self {
        Self {
            id,
            kind: "function",
            function: Function { name, arguments },
            extra_content,
        }
    }
}

#[derive(Serialize)]
struct Completion<'a> {
    id: Option<&'a RawValue>,
    object: &'static str,
    created: u64,
    model: Option<&'a RawValue>,
    choices: Vec<Choice<'a>>,
    usage: Option<serde_json::Value>,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: usize,
    message: Message<'a>,
    logprobs: Option<&'a RawValue>,
    finish_reason: &'static str,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Option<Box<RawValue>>,
    refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    thinking_blocks: &'a [&'a RawValue],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    tool_calls: &'a [AnsweredCall<'a>],
}

/// Writes a completion. Usage that makes no sense is not told.
pub(in crate::translate) fn completion(
    id: Option<&RawValue>,
    model: Option<&RawValue>,
    created: u64,
    answers: &[Answered<'_>],
    counts: Option<&TokenCounts>,
) -> Vec<u8> {
    let choice = |(index, answer)| choice(index, answer);
    let completion = Completion {
        id,
        object: "chat.completion",
        created,
        model,
        choices: answers.iter().enumerate().map(choice).collect(),
        usage: counts.map(write_usage),
    };
    serde_json::to_vec(&completion).expect("texts and numbers are JSON")
}

fn quoted(written: Option<&str>) -> Option<Box<RawValue>> {
    let quoted = RawValue::from_string(format!("\"{}\"", written?));
    Some(quoted.expect("it was a text as it is written"))
}

fn choice<'a>(index: usize, answer: &'a Answered<'a>) -> Choice<'a> {
    Choice {
        index,
        message: Message {
            role: "assistant",
            content: quoted(answer.content.as_deref()),
            refusal: None,
            reasoning_content: quoted(answer.reasoning.as_deref()),
            thinking_blocks: &answer.thinking_blocks,
            tool_calls: &answer.calls,
        },
        logprobs: answer.logprobs.as_deref(),
        finish_reason: answer.finish_reason,
    }
}
