//! Embeddings: texts, or lists of tokens, become vectors.

use bytes::Bytes;
use keypurse_providers::tokenizer::Tokenizer;

use super::asked::{Asked, Output, Wire};
use super::kind::Endpoint;
use super::members::Members;
use super::parts::Parts;
use super::unpriced;
use crate::gateway::call::count::InputCount;
use crate::gateway::error::GatewayError;
use crate::http::json::{Json, JsonObject};

/// Members we read.
const READ_MEMBERS: [&str; 5] = ["model", "input", "encoding_format", "dimensions", "stream"];
/// OpenAI takes no more; others less.
const MOST_INPUTS: usize = 2048;
/// No model has vectors as long.
const MOST_DIMENSIONS: u64 = 1 << 16;

/// What is to become vectors. Bytes bound all of it: a token's number has a
/// digit and something that separates it.
enum Input<'a> {
    Texts(Vec<Json<'a>>),
    Tokens(u64),
}

/// Reads a body, or says what is wrong with it.
pub(in crate::gateway) fn read(members: &Members<'_>, body: &Bytes) -> Result<Asked, GatewayError> {
    let object = members.object;
    members.refuse_lookalikes(&READ_MEMBERS)?;
    let (model, model_at) = members.model()?;
    let input = members.value("input")?;
    Input::read(input).ok_or_else(wrong_input)?;
    check_format(members)?;
    members.integer("dimensions", 1..=MOST_DIMENSIONS)?;
    if members.flag("stream")? {
        let wrong = "embeddings are not streamed; leave `stream` out";
        return Err(GatewayError::invalid(Some("stream"), wrong));
    }
    unpriced::refuse_forbidden(object)?;
    let unpriced = unpriced::find(object)?;
    let (tier, tier_at) = members.tier();
    Ok(Asked {
        endpoint: Endpoint::Embeddings,
        body: body.clone(),
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
    let format = members.stated("encoding_format");
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

impl<'a> Input<'a> {
    fn read(input: Json<'a>) -> Option<Self> {
        if input.is_string() {
            return Some(Self::Texts(vec![input]));
        }
        if let Some(tokens) = count_tokens(input) {
            return Some(Self::Tokens(tokens));
        }
        let inputs: Vec<_> = input.items()?.collect();
        if inputs.is_empty() || inputs.len() > MOST_INPUTS {
            return None;
        }
        if inputs.iter().all(|input| input.is_string()) {
            return Some(Self::Texts(inputs));
        }
        let tokens: Option<u64> = inputs.into_iter().map(count_tokens).sum();
        Some(Self::Tokens(tokens?))
    }
}

/// How many tokens are listed. `None`: none, or something else is.
fn count_tokens(list: Json<'_>) -> Option<u64> {
    let is_token = |token: Json<'_>| token.text().parse::<u32>().ok();
    let tokens: Option<u64> = list.items()?.map(|token| is_token(token).map(|_| 1)).sum();
    tokens.filter(|tokens| *tokens > 0)
}

/// Counts what becomes vectors. Nothing stands around a text: OpenAI counts
/// its tokens alone.
pub(in crate::gateway) fn count(body: &[u8], tokenizer: Tokenizer) -> Option<InputCount> {
    let object = JsonObject::read(body).ok()?;
    match Input::read(object.value("input")?)? {
        Input::Tokens(tokens) => Some(InputCount::exactly(tokens)),
        Input::Texts(texts) => {
            let texts = texts.into_iter().filter_map(Json::string);
            let tokens = texts.map(|text| tokenizer.count(&text)).sum();
            Some(InputCount::of_texts(tokens))
        }
    }
}
