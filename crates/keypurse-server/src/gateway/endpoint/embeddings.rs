//! Embeddings: texts, or lists of tokens, become vectors.

use bytes::Bytes;
use keypurse_providers::tokenizer::Tokenizer;
use serde_json::value::RawValue;

use super::asked::{Asked, Output, Wire};
use super::kind::Endpoint;
use super::members::{self, Members};
use super::parts::Parts;
use super::unpriced;
use crate::gateway::call::count::{InputCount, length};
use crate::gateway::error::GatewayError;
use crate::http::json::JsonObject;

/// Members we read.
const READ_MEMBERS: [&str; 5] = ["model", "input", "encoding_format", "dimensions", "stream"];
/// OpenAI takes no more; others less.
const MOST_INPUTS: usize = 2048;
/// No model has vectors as long.
const MOST_DIMENSIONS: u64 = 1 << 16;

/// What is to become vectors. Bytes bound all of it: a token's number has a
/// digit and something that separates it.
enum Input {
    Texts(Vec<String>),
    Tokens(u64),
}

/// Reads a body, or says what is wrong with it.
pub(in crate::gateway) fn read(body: Bytes) -> Result<Asked, GatewayError> {
    let object = members::object(&body)?;
    let members = Members {
        object: &object,
        body: &body,
    };
    members.refuse_lookalikes(&READ_MEMBERS)?;
    let (model, model_at) = members.model()?;
    let input = members.required("input")?;
    Input::read(input).ok_or_else(wrong_input)?;
    check_format(&members)?;
    members.integer("dimensions", 1..=MOST_DIMENSIONS)?;
    if members.flag("stream")? {
        let wrong = "embeddings are not streamed; leave `stream` out";
        return Err(GatewayError::invalid(Some("stream"), wrong));
    }
    unpriced::refuse_forbidden(&object)?;
    let unpriced = unpriced::find(&object)?;
    let (tier, tier_at) = members.tier();
    Ok(Asked {
        endpoint: Endpoint::Embeddings,
        body,
        content_type: None,
        model,
        model_at,
        streamed: false,
        choices: 1,
        output: Output::Unmetered,
        parts: Parts::text(),
        tier,
        tier_at,
        unpriced,
        asks_for_search: false,
        wire: Wire::Plain,
    })
}

fn check_format(members: &Members<'_>) -> Result<(), GatewayError> {
    let format = members.stated("encoding_format").map(RawValue::get);
    if matches!(format, None | Some("\"float\"" | "\"base64\"")) {
        return Ok(());
    }
    let wrong = "`encoding_format` must be `float` or `base64`";
    Err(GatewayError::invalid(Some("encoding_format"), wrong))
}

fn wrong_input() -> GatewayError {
    let wrong = format!(
        "`input` must be a text, a list of 1 to {MOST_INPUTS} texts, a list of tokens, \
         or a list of 1 to {MOST_INPUTS} lists of tokens"
    );
    GatewayError::invalid(Some("input"), wrong)
}

impl Input {
    fn read(input: &RawValue) -> Option<Self> {
        let text = input.get();
        if text.starts_with('"') {
            return Some(Self::Texts(vec![serde_json::from_str(text).ok()?]));
        }
        let listed: Vec<&RawValue> = serde_json::from_str(text).ok()?;
        match listed.first()?.get().as_bytes()[0] {
            b'"' if listed.len() <= MOST_INPUTS => {
                Some(Self::Texts(serde_json::from_str(text).ok()?))
            }
            b'[' if listed.len() <= MOST_INPUTS => {
                let lists: Vec<Vec<u32>> = serde_json::from_str(text).ok()?;
                let has_empty = lists.iter().any(Vec::is_empty);
                let tokens = lists.iter().map(Vec::len).sum();
                (!has_empty).then_some(Self::Tokens(length(tokens)))
            }
            b'0'..=b'9' => {
                let tokens: Vec<u32> = serde_json::from_str(text).ok()?;
                Some(Self::Tokens(length(tokens.len())))
            }
            _ => None,
        }
    }
}

/// Counts what becomes vectors. Nothing stands around a text: OpenAI counts
/// its tokens alone.
pub(in crate::gateway) fn count(body: &[u8], tokenizer: Tokenizer) -> Option<InputCount> {
    let object = JsonObject::read(body).ok()?;
    match Input::read(object.get("input")?)? {
        Input::Tokens(tokens) => Some(InputCount::exactly(tokens)),
        Input::Texts(texts) => {
            let tokens = texts.iter().map(|text| tokenizer.count(text)).sum();
            Some(InputCount::of_texts(tokens))
        }
    }
}
