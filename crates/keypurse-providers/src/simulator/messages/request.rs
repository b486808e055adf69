//! Reads a request, as strictly as Anthropic does where a client's own mistake
//! would otherwise pass the sandbox and fail with a live token.

use serde_json_borrow::Value;

use super::{conversation, tools};
use crate::simulator::{
    conversation::{Conversation, Format, Options, ToolChoice},
    failure::InvalidRequest,
    fields::{Json, NULL, boolean, check_number, get, present, string, whole},
};

/// Anthropic's own limit.
const LEAST_THINKING: u64 = 1_024;
/// Each is looked for in the answer.
const MOST_STOPS: usize = 8_191;

#[derive(Debug)]
pub(super) struct MessagesRequest<'a> {
    pub(super) conversation: Conversation<'a>,
    pub(super) streamed: bool,
}

impl<'a> MessagesRequest<'a> {
    pub(super) fn read(body: Json<'a>) -> Result<Self, InvalidRequest> {
        let limit = whole(body, "max_tokens", 1..=u64::MAX)?;
        let Some(limit) = limit else {
            let message = "this number is required";
            return Err(InvalidRequest::new("max_tokens", message));
        };
        check_number(body, "temperature", 0.0..=1.0)?;
        check_number(body, "top_p", 0.0..=1.0)?;
        let mut conversation = counted(body)?;
        conversation.options.output_limit = Some(limit);
        conversation.options.stops = stops(body)?;
        if conversation.options.thinks {
            check_thinking(body, limit, conversation.toolbox.choice)?;
        }
        Ok(Self {
            conversation,
            streamed: boolean(body, "stream")?,
        })
    }
}

/// What counts as input, without how the answer is to look.
pub(super) fn counted(body: Json<'_>) -> Result<Conversation<'_>, InvalidRequest> {
    let options = Options {
        choices: 1,
        output_limit: None,
        stops: Vec::new(),
        top_logprobs: None,
        format: format(body)?,
        thinks: thinks(body)?,
    };
    let messages = conversation::read(body)?;
    Ok(Conversation::new(messages, tools::read(body)?, options))
}

fn stops(body: Json<'_>) -> Result<Vec<&str>, InvalidRequest> {
    let invalid = || InvalidRequest::new("stop_sequences", "expected an array of strings");
    match present(body, "stop_sequences") {
        None => Ok(Vec::new()),
        Some(Value::Array(stops)) if stops.len() <= MOST_STOPS => stops
            .iter()
            .map(|stop| stop.as_str().ok_or_else(invalid))
            .collect(),
        Some(_) => Err(invalid()),
    }
}

fn thinks(body: Json<'_>) -> Result<bool, InvalidRequest> {
    let Some(thinking) = present(body, "thinking") else {
        return Ok(false);
    };
    match string(thinking, "type", || "thinking.type".to_owned())? {
        "enabled" | "adaptive" => Ok(true),
        // Here nothing is thought between tools: an answer calls them, or ends.
        "between_tools" | "disabled" => Ok(false),
        _ => Err(InvalidRequest::new(
            "thinking.type",
            "expected one of enabled, adaptive, between_tools, disabled",
        )),
    }
}

fn check_thinking(
    body: Json<'_>,
    limit: u64,
    choice: ToolChoice<'_>,
) -> Result<(), InvalidRequest> {
    let thinking = get(body, "thinking").unwrap_or(NULL);
    // A model that decides itself whether to think does so with any choice.
    if get(thinking, "type").and_then(Value::as_str) != Some("enabled") {
        return Ok(());
    }
    if matches!(choice, ToolChoice::Required | ToolChoice::Named(_)) {
        let message = "thinking does not go together with a `tool_choice` that forces a tool";
        return Err(InvalidRequest::new("thinking", message));
    }
    match get(thinking, "budget_tokens").and_then(Value::as_u64) {
        Some(budget) if (LEAST_THINKING..limit).contains(&budget) => Ok(()),
        _ => Err(InvalidRequest::new(
            "thinking.budget_tokens",
            format!("expected a whole number from {LEAST_THINKING}, below `max_tokens`"),
        )),
    }
}

/// Structured output is in `output_config`; it was in `output_format` before.
fn format(body: Json<'_>) -> Result<Format<'_>, InvalidRequest> {
    let configured = present(body, "output_config").and_then(|config| present(config, "format"));
    let Some(format) = configured.or_else(|| present(body, "output_format")) else {
        return Ok(Format::Text);
    };
    match (
        get(format, "type").and_then(Value::as_str),
        get(format, "schema"),
    ) {
        (Some("json_schema"), Some(schema @ Value::Object(_))) => Ok(Format::JsonSchema(schema)),
        _ => Err(InvalidRequest::new(
            "output_config.format",
            "expected `json_schema` as type, and an object as schema",
        )),
    }
}
