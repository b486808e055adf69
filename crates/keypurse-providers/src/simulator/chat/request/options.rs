//! How the answer is to look, as chat completions ask for it.

use serde_json_borrow::Value;

use crate::simulator::{
    conversation::{Format, Options},
    failure::InvalidRequest,
    fields::{Json, NULL, array, boolean, check_number, get, present, string, whole},
};

/// Sampling settings change nothing here, but a wrong one is still a mistake.
const NUMBERS: [(&str, f64, f64); 4] = [
    ("temperature", 0.0, 2.0),
    ("top_p", 0.0, 1.0),
    ("presence_penalty", -2.0, 2.0),
    ("frequency_penalty", -2.0, 2.0),
];

pub(super) fn read(body: Json<'_>) -> Result<Options<'_>, InvalidRequest> {
    for (field, least, most) in NUMBERS {
        check_number(body, field, least..=most)?;
    }
    let limits = [
        whole(body, "max_tokens", 1..=u64::MAX)?,
        whole(body, "max_completion_tokens", 1..=u64::MAX)?,
    ];
    Ok(Options {
        choices: whole(body, "n", 1..=128)?.unwrap_or(1),
        // The smaller one where both are given.
        output_limit: limits.into_iter().flatten().min(),
        stops: stops(body)?,
        top_logprobs: top_logprobs(body)?,
        format: format(body)?,
        thinks: false,
    })
}

fn format(body: Json<'_>) -> Result<Format<'_>, InvalidRequest> {
    let Some(format) = present(body, "response_format") else {
        return Ok(Format::Text);
    };
    match string(format, "type", || "response_format.type".to_owned())? {
        "text" => Ok(Format::Text),
        "json_object" => Ok(Format::JsonObject),
        "json_schema" => schema(format),
        _ => Err(InvalidRequest::new(
            "response_format.type",
            "expected one of text, json_object, json_schema",
        )),
    }
}

fn schema(format: Json<'_>) -> Result<Format<'_>, InvalidRequest> {
    let described = get(format, "json_schema").unwrap_or(NULL);
    string(described, "name", || {
        "response_format.json_schema.name".to_owned()
    })?;
    match present(described, "schema") {
        Some(schema @ Value::Object(_)) => Ok(Format::JsonSchema(schema)),
        Some(_) => Err(InvalidRequest::new(
            "response_format.json_schema.schema",
            "expected a JSON schema object",
        )),
        None => Ok(Format::JsonObject),
    }
}

fn stops(body: Json<'_>) -> Result<Vec<&str>, InvalidRequest> {
    if let Some(Value::Str(stop)) = get(body, "stop") {
        return Ok(vec![stop]);
    }
    let invalid =
        |_| InvalidRequest::new("stop", "expected a string or an array of 1 to 4 strings");
    let listed = array(body, "stop", 4).map_err(invalid)?.unwrap_or_default();
    listed
        .iter()
        .map(|stop| stop.as_str().ok_or(()))
        .collect::<Result<_, ()>>()
        .map_err(|()| {
            InvalidRequest::new("stop", "expected a string or an array of 1 to 4 strings")
        })
}

fn top_logprobs(body: Json<'_>) -> Result<Option<usize>, InvalidRequest> {
    let wanted = boolean(body, "logprobs")?;
    let alternatives = whole(body, "top_logprobs", 0..=20)?;
    if alternatives.is_some() && !wanted {
        return Err(InvalidRequest::new(
            "top_logprobs",
            "set `logprobs` to true to use this",
        ));
    }
    let alternatives = usize::try_from(alternatives.unwrap_or(0)).expect("20 fits anywhere");
    Ok(wanted.then_some(alternatives))
}
