//! How the answer is to look: how many, how long, in which format.

use serde_json::Value;

use super::{
    InvalidRequest,
    fields::{array, boolean, present, string, whole},
};

#[derive(Debug)]
pub(in crate::simulator) struct Options<'a> {
    pub(in crate::simulator) choices: u64,
    /// The smaller of `max_tokens` and `max_completion_tokens`.
    pub(in crate::simulator) output_limit: Option<u64>,
    pub(in crate::simulator) stops: Vec<&'a str>,
    /// How many alternatives to report for each piece; `None` reports nothing.
    pub(in crate::simulator) top_logprobs: Option<usize>,
    pub(in crate::simulator) format: Format<'a>,
}

#[derive(Clone, Copy, Debug)]
pub(in crate::simulator) enum Format<'a> {
    Text,
    JsonObject,
    JsonSchema(&'a Value),
}

/// Sampling settings change nothing here, but a wrong one is still a mistake.
const NUMBERS: [(&str, f64, f64); 4] = [
    ("temperature", 0.0, 2.0),
    ("top_p", 0.0, 1.0),
    ("presence_penalty", -2.0, 2.0),
    ("frequency_penalty", -2.0, 2.0),
];

impl<'a> Options<'a> {
    pub(super) fn read(body: &'a Value) -> Result<Self, InvalidRequest> {
        for (field, least, most) in NUMBERS {
            check_number(body, field, least, most)?;
        }
        let limits = [
            whole(body, "max_tokens", 1..=u64::MAX)?,
            whole(body, "max_completion_tokens", 1..=u64::MAX)?,
        ];
        Ok(Self {
            choices: whole(body, "n", 1..=128)?.unwrap_or(1),
            output_limit: limits.into_iter().flatten().min(),
            stops: stops(body)?,
            top_logprobs: top_logprobs(body)?,
            format: Format::read(body)?,
        })
    }
}

impl<'a> Format<'a> {
    fn read(body: &'a Value) -> Result<Self, InvalidRequest> {
        let Some(format) = present(body, "response_format") else {
            return Ok(Self::Text);
        };
        match string(format, "type", || "response_format.type".to_owned())? {
            "text" => Ok(Self::Text),
            "json_object" => Ok(Self::JsonObject),
            "json_schema" => Self::read_schema(format),
            _ => Err(InvalidRequest::new(
                "response_format.type",
                "expected one of text, json_object, json_schema",
            )),
        }
    }

    fn read_schema(format: &'a Value) -> Result<Self, InvalidRequest> {
        let described = format.get("json_schema").unwrap_or(&Value::Null);
        string(described, "name", || {
            "response_format.json_schema.name".to_owned()
        })?;
        match present(described, "schema") {
            Some(schema @ Value::Object(_)) => Ok(Self::JsonSchema(schema)),
            Some(_) => Err(InvalidRequest::new(
                "response_format.json_schema.schema",
                "expected a JSON schema object",
            )),
            None => Ok(Self::JsonObject),
        }
    }

    pub(super) fn schema(self) -> Option<&'a Value> {
        match self {
            Self::JsonSchema(schema) => Some(schema),
            Self::Text | Self::JsonObject => None,
        }
    }
}

fn stops(body: &Value) -> Result<Vec<&str>, InvalidRequest> {
    if let Some(Value::String(stop)) = body.get("stop") {
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

fn top_logprobs(body: &Value) -> Result<Option<usize>, InvalidRequest> {
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

fn check_number(body: &Value, field: &str, least: f64, most: f64) -> Result<(), InvalidRequest> {
    let Some(value) = present(body, field) else {
        return Ok(());
    };
    match value.as_f64() {
        Some(number) if (least..=most).contains(&number) => Ok(()),
        _ => Err(InvalidRequest::new(
            field,
            format!("expected a number from {least} to {most}"),
        )),
    }
}
