//! What is to be embedded.

use serde_json_borrow::Value;

use crate::simulator::{
    count::count,
    dice::fingerprint,
    failure::InvalidRequest,
    fields::{Json, get},
};

/// OpenAI's own limit.
const MOST_INPUTS: usize = 2_048;

/// One text, or one text as the numbers of its tokens.
#[derive(Clone, Copy, Debug)]
pub(super) enum Input<'a> {
    Text(&'a str),
    /// Invariant: whole numbers only, and at least one.
    Tokens(&'a [Value<'a>]),
}

impl Input<'_> {
    pub(super) fn length(&self) -> u64 {
        match self {
            Self::Text(text) => count(text),
            Self::Tokens(tokens) => u64::try_from(tokens.len()).unwrap_or(u64::MAX),
        }
    }

    /// A number for each of its words.
    pub(super) fn words(&self) -> Box<dyn Iterator<Item = u64> + '_> {
        match self {
            Self::Text(text) => Box::new(words(text).map(word)),
            Self::Tokens(tokens) => Box::new(tokens.iter().filter_map(Value::as_u64)),
        }
    }

    /// A number for the whole of it.
    pub(super) fn fingerprint(&self) -> u64 {
        match self {
            Self::Text(text) => fingerprint([*text]),
            Self::Tokens(tokens) => {
                tokens
                    .iter()
                    .filter_map(Value::as_u64)
                    .fold(1, |hash, token| {
                        (hash ^ token)
                            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                            .rotate_left(29)
                    })
            }
        }
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|char: char| !char.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

/// `Purse` and `purse` are the same word.
fn word(word: &str) -> u64 {
    if word.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return fingerprint([word.to_ascii_lowercase().as_str()]);
    }
    fingerprint([word])
}

pub(super) fn read(body: Json<'_>) -> Result<Vec<Input<'_>>, InvalidRequest> {
    let inputs = match get(body, "input") {
        Some(Value::Str(text)) => return Ok(vec![one_text(text)?]),
        Some(Value::Array(inputs)) => inputs,
        Some(_) => return Err(invalid()),
        None => return Err(InvalidRequest::new("input", "this field is required")),
    };
    if inputs.first().is_some_and(Value::is_number) {
        return Ok(vec![tokens(inputs)?]);
    }
    if inputs.is_empty() || inputs.len() > MOST_INPUTS {
        let message = format!("expected 1 to {MOST_INPUTS} inputs");
        return Err(InvalidRequest::new("input", message));
    }
    let read = inputs.iter().map(|input| match input {
        Value::Str(text) => one_text(text),
        Value::Array(numbers) => tokens(numbers),
        _ => Err(invalid()),
    });
    read.collect()
}

fn one_text(text: &str) -> Result<Input<'_>, InvalidRequest> {
    if text.is_empty() {
        return Err(InvalidRequest::new("input", "a text must not be empty"));
    }
    Ok(Input::Text(text))
}

fn tokens<'a>(numbers: &'a [Value<'a>]) -> Result<Input<'a>, InvalidRequest> {
    if numbers.is_empty() || !numbers.iter().all(Value::is_u64) {
        return Err(invalid());
    }
    Ok(Input::Tokens(numbers))
}

fn invalid() -> InvalidRequest {
    let message = "expected a string, an array of strings, of token numbers, or of arrays of them";
    InvalidRequest::new("input", message)
}
