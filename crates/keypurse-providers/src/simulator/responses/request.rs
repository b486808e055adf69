//! Reads a request, as strictly as OpenAI does where a client's own mistake
//! would otherwise pass the sandbox and fail with a live token.

use serde_json_borrow::Value;

use super::{input, tools};
use crate::simulator::{
    conversation::{Conversation, Format, Options},
    failure::InvalidRequest,
    fields::{Json, boolean, check_number, one_of, present, string, whole},
};

/// OpenAI's own limits.
const LEAST_OUTPUT: u64 = 16;
const LOGPROBS: &str = "message.output_text.logprobs";

#[derive(Debug)]
pub(super) struct ResponsesRequest<'a> {
    pub(super) conversation: Conversation<'a>,
    pub(super) streamed: bool,
}

impl<'a> ResponsesRequest<'a> {
    pub(super) fn read(body: Json<'a>) -> Result<Self, InvalidRequest> {
        if boolean(body, "background")? {
            let message = "the sandbox answers at once; leave it out, or set it to false";
            return Err(InvalidRequest::new("background", message));
        }
        check_echoed(body)?;
        Ok(Self {
            conversation: Conversation::new(input::read(body)?, tools::read(body)?, options(body)?),
            streamed: boolean(body, "stream")?,
        })
    }
}

/// Fields the answer repeats have to be what the SDKs' types say.
fn check_echoed(body: Json<'_>) -> Result<(), InvalidRequest> {
    check_number(body, "temperature", 0.0..=2.0)?;
    check_number(body, "top_p", 0.0..=1.0)?;
    one_of(body, "truncation", &["auto", "disabled"])?;
    whole(body, "max_tool_calls", 1..=u64::MAX)?;
    for field in [
        "previous_response_id",
        "user",
        "safety_identifier",
        "prompt_cache_key",
    ] {
        crate::simulator::fields::text(body, field)?;
    }
    match present(body, "metadata") {
        None => Ok(()),
        Some(Value::Object(pairs)) if pairs.values().all(Value::is_string) => Ok(()),
        Some(_) => Err(InvalidRequest::new(
            "metadata",
            "expected an object whose values are strings",
        )),
    }
}

fn options(body: Json<'_>) -> Result<Options<'_>, InvalidRequest> {
    let reasoning = present(body, "reasoning");
    let summary = match reasoning {
        Some(reasoning @ Value::Object(_)) => present(reasoning, "summary")
            .or_else(|| present(reasoning, "generate_summary"))
            .is_some(),
        Some(_) => return Err(InvalidRequest::new("reasoning", "expected an object")),
        None => false,
    };
    Ok(Options {
        choices: 1,
        output_limit: whole(body, "max_output_tokens", LEAST_OUTPUT..=u64::MAX)?,
        stops: Vec::new(),
        top_logprobs: top_logprobs(body)?,
        format: format(body)?,
        thinks: summary,
    })
}

fn top_logprobs(body: Json<'_>) -> Result<Option<usize>, InvalidRequest> {
    let alternatives = whole(body, "top_logprobs", 0..=20)?;
    let included = match present(body, "include") {
        Some(Value::Array(fields)) => fields.iter().any(|field| field.as_str() == Some(LOGPROBS)),
        Some(_) => return Err(InvalidRequest::new("include", "expected an array")),
        None => false,
    };
    let alternatives = usize::try_from(alternatives.unwrap_or(0)).expect("20 fits anywhere");
    Ok(included.then_some(alternatives))
}

fn format(body: Json<'_>) -> Result<Format<'_>, InvalidRequest> {
    let Some(format) = present(body, "text").and_then(|text| present(text, "format")) else {
        return Ok(Format::Text);
    };
    match string(format, "type", || "text.format.type".to_owned())? {
        "text" => Ok(Format::Text),
        "json_object" => Ok(Format::JsonObject),
        "json_schema" => {
            string(format, "name", || "text.format.name".to_owned())?;
            match present(format, "schema") {
                Some(schema @ Value::Object(_)) => Ok(Format::JsonSchema(schema)),
                _ => Err(InvalidRequest::new(
                    "text.format.schema",
                    "expected a JSON schema object",
                )),
            }
        }
        _ => Err(InvalidRequest::new(
            "text.format.type",
            "expected one of text, json_object, json_schema",
        )),
    }
}
