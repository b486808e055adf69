//! The request as a whole.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use super::message::Message;
use crate::translate::Target;

#[derive(Debug, Default, Serialize)]
pub(in crate::translate) struct Request<'a> {
    pub(in crate::translate) model: &'a str,
    pub(in crate::translate) messages: Vec<Message<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::translate) max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::translate) max_completion_tokens: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(in crate::translate) stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::translate) stream_options: Option<StreamOptions>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::translate) tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::translate) tool_choice: Option<ToolChoice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::translate) parallel_tool_calls: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::translate) stop: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::translate) temperature: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::translate) top_p: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::translate) top_k: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::translate) reasoning_effort: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::translate) response_format: Option<Format<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::translate) user: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::translate) service_tier: Option<Cow<'a, str>>,
    /// For Anthropic's translator alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::translate) prompt_cache_key: Option<&'a RawValue>,
}

#[derive(Debug, Serialize)]
pub(in crate::translate) struct StreamOptions {
    include_usage: bool,
}

impl<'a> Request<'a> {
    /// These messages to a model, and nothing else. A stream is asked for its
    /// usage.
    pub(in crate::translate) fn of(
        target: &Target<'a>,
        messages: Vec<Message<'a>>,
        stream: bool,
    ) -> Self {
        let limit = |member: bool| target.limit_is_of_completion == member;
        Self {
            model: target.model,
            messages,
            max_tokens: limit(false).then_some(target.output_limit),
            max_completion_tokens: limit(true).then_some(target.output_limit),
            stream,
            stream_options: stream.then_some(StreamOptions {
                include_usage: true,
            }),
            ..Self::default()
        }
    }

    /// As it is sent.
    pub(in crate::translate) fn write(mut self) -> Vec<u8> {
        if self.tools.is_empty() {
            // Without tools there is nothing to choose.
            self.tool_choice = None;
            self.parallel_tool_calls = None;
        }
        serde_json::to_vec(&self).expect("texts and numbers are JSON")
    }
}

#[derive(Debug, Serialize)]
pub(in crate::translate) struct Tool<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    function: ToolFunction<'a>,
}

#[derive(Debug, Serialize)]
pub(in crate::translate) struct ToolFunction<'a> {
    pub(in crate::translate) name: Cow<'a, RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::translate) description: Option<Cow<'a, RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::translate) parameters: Option<Cow<'a, RawValue>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(in crate::translate) strict: bool,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(in crate::translate) enum ToolChoice<'a> {
    Word(&'static str),
    Named {
        #[serde(rename = "type")]
        kind: &'static str,
        function: Name<'a>,
    },
}

#[derive(Debug, Serialize)]
pub(in crate::translate) struct Name<'a> {
    name: Cow<'a, RawValue>,
}

impl<'a> From<ToolFunction<'a>> for Tool<'a> {
    fn from(function: ToolFunction<'a>) -> Self {
        let kind = "function";
        Self { kind, function }
    }
}

impl<'a> ToolChoice<'a> {
    /// This function.
    pub(in crate::translate) fn named(name: Cow<'a, RawValue>) -> Self {
        Self::Named {
            kind: "function",
            function: Name { name },
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(in crate::translate) enum Format<'a> {
    JsonObject,
    JsonSchema { json_schema: Schema<'a> },
}

#[derive(Debug, Serialize)]
pub(in crate::translate) struct Schema<'a> {
    pub(in crate::translate) name: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::translate) description: Option<&'a RawValue>,
    pub(in crate::translate) schema: &'a RawValue,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(in crate::translate) strict: bool,
}
