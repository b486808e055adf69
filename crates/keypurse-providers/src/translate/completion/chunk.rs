//! A stream of `chat.completion.chunk` objects.

use std::fmt::Write as _;

use keypurse_core::usage::TokenCounts;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::openai::write_usage;

/// What a chunk adds to a choice. Texts are as they are written.
#[derive(Debug, Default, Serialize)]
pub(in crate::translate) struct Piece<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::translate) role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::translate) content: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::translate) refusal: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::translate) reasoning_content: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::translate) thinking_blocks: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::translate) tool_calls: Option<[CallPiece<'a>; 1]>,
}

#[derive(Debug, Default, Serialize)]
pub(in crate::translate) struct CallPiece<'a> {
    index: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a RawValue>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    function: FunctionPiece<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extra_content: Option<&'a RawValue>,
}

#[derive(Debug, Default, Serialize)]
struct FunctionPiece<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a RawValue>,
    arguments: &'a str,
}

#[derive(Serialize)]
struct ArgumentsPiece<'a> {
    index: u64,
    function: RawArguments<'a>,
}

#[derive(Serialize)]
struct RawArguments<'a> {
    arguments: &'a RawValue,
}

impl<'a> Piece<'a> {
    /// A tool call begins.
    pub(in crate::translate) fn call(
        index: u64,
        id: &'a RawValue,
        name: &'a RawValue,
        arguments: &'a str,
        extra_content: Option<&'a RawValue>,
    ) -> Self {
        let function = FunctionPiece {
            name: Some(name),
            arguments,
        };
        let call = CallPiece {
            index,
            id: Some(id),
            kind: Some("function"),
            function,
            extra_content,
        };
        Self {
            tool_calls: Some([call]),
            ..Self::default()
        }
    }

    /// A tool call's arguments, whole.
    pub(in crate::translate) fn arguments(index: u64, arguments: &'a str) -> Self {
        let call = CallPiece {
            index,
            function: FunctionPiece {
                name: None,
                arguments,
            },
            ..CallPiece::default()
        };
        Self {
            tool_calls: Some([call]),
            ..Self::default()
        }
    }
}

/// Writes chunks that all begin alike.
#[derive(Debug, Default)]
pub(in crate::translate) struct Chunks {
    /// Members that every chunk of the stream has.
    common: String,
}

impl Chunks {
    /// A stream's chunks, by the id and model of its answer.
    pub(in crate::translate) fn of(
        id: Option<&RawValue>,
        model: Option<&RawValue>,
        created: u64,
    ) -> Self {
        let text = |raw: Option<&RawValue>, otherwise: &str| {
            raw.map_or_else(|| otherwise.to_owned(), |raw| raw.get().to_owned())
        };
        Self {
            common: format!(
                r#"{{"id":{},"object":"chat.completion.chunk","created":{created},"model":{}"#,
                text(id, "\"chatcmpl-translated\""),
                text(model, "\"\""),
            ),
        }
    }

    /// Adds to a choice.
    pub(in crate::translate) fn piece(&self, choice: u64, piece: &Piece<'_>, out: &mut String) {
        let delta = serde_json::to_string(piece).expect("texts are JSON");
        self.choice(choice, &delta, "null", out);
    }

    /// Adds to a tool call's arguments a text as it is written.
    pub(in crate::translate) fn more_arguments(
        &self,
        choice: u64,
        index: u64,
        arguments: &RawValue,
        out: &mut String,
    ) {
        let function = RawArguments { arguments };
        let call = ArgumentsPiece { index, function };
        let call = serde_json::to_string(&call).expect("texts are JSON");
        let delta = format!(r#"{{"tool_calls":[{call}]}}"#);
        self.choice(choice, &delta, "null", out);
    }

    /// Ends a choice.
    pub(in crate::translate) fn finish(&self, choice: u64, reason: &str, out: &mut String) {
        self.choice(choice, "{}", &format!("\"{reason}\""), out);
    }

    fn choice(&self, index: u64, delta: &str, finish_reason: &str, out: &mut String) {
        let common = &self.common;
        let _ = write!(
            out,
            "data: {common},\"choices\":[{{\"index\":{index},\"delta\":{},\
             \"logprobs\":null,\"finish_reason\":{finish_reason}}}]}}\n\n",
            one_line(delta),
        );
    }

    /// The usage, and the end. Without usage that makes sense none is told.
    pub(in crate::translate) fn end(&self, counts: Option<&TokenCounts>, out: &mut String) {
        if let Some(counts) = counts {
            let common = &self.common;
            let usage = write_usage(counts);
            let _ = write!(out, "data: {common},\"choices\":[],\"usage\":{usage}}}\n\n");
        }
        out.push_str("data: [DONE]\n\n");
    }
}

/// An event is one line; between JSON's tokens only white space breaks.
fn one_line(json: &str) -> std::borrow::Cow<'_, str> {
    if json.contains(['\n', '\r']) {
        json.replace(['\n', '\r'], " ").into()
    } else {
        json.into()
    }
}
