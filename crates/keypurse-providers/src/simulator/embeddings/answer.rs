//! The vectors, and what is around them.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Serialize;

use super::{
    dimensions,
    input::{self, Input},
    vector,
};
use crate::simulator::{
    endpoint::Call,
    failure::InvalidRequest,
    fields::{Json, one_of},
    reply::{Reply, SimulatedUsage},
    scenario::Scenario,
};

/// Numbers in one answer: OpenAI's 2 048 inputs at its usual 1 536 dimensions.
const MOST_NUMBERS: usize = 2_048 * 1_536;

#[derive(Serialize)]
struct Embeddings<'c> {
    object: &'static str,
    data: Vec<Embedding>,
    model: &'c str,
    usage: Usage,
}

#[derive(Serialize)]
struct Embedding {
    object: &'static str,
    index: usize,
    embedding: Vector,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Vector {
    Numbers(Vec<f32>),
    Base64(String),
}

#[derive(Serialize)]
struct Usage {
    prompt_tokens: u64,
    total_tokens: u64,
}

pub(in crate::simulator) fn reply(body: Json<'_>, call: Call<'_>) -> Result<Reply, InvalidRequest> {
    let base64 = one_of(body, "encoding_format", &["float", "base64"])? == Some("base64");
    let dimensions = dimensions::wanted(body, call.facts)?;
    let mut inputs = input::read(body)?;
    if inputs.len().saturating_mul(dimensions) > MOST_NUMBERS {
        return Err(InvalidRequest::new(
            "input",
            format!(
                "the sandbox makes at most {MOST_NUMBERS} numbers in one answer; send fewer inputs"
            ),
        ));
    }
    let input_tokens = inputs.iter().map(Input::length).sum();
    if call.scenario == Some(Scenario::Empty) {
        inputs.clear();
    }
    let vectors = inputs.iter().map(|input| vector::of(input, dimensions));
    let data = vectors.enumerate().map(|(index, numbers)| Embedding {
        object: "embedding",
        index,
        embedding: Vector::new(numbers, base64),
    });
    let answer = Embeddings {
        object: "list",
        data: data.collect(),
        model: call.facts.model,
        usage: Usage {
            prompt_tokens: input_tokens,
            total_tokens: input_tokens,
        },
    };
    let usage = SimulatedUsage {
        input_tokens,
        ..SimulatedUsage::default()
    };
    Ok(Reply::json(&answer, usage))
}

impl Vector {
    /// As base64 the numbers are 32-bit floats, least significant byte first.
    fn new(numbers: Vec<f32>, base64: bool) -> Self {
        if !base64 {
            return Self::Numbers(numbers);
        }
        let bytes: Vec<u8> = numbers
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .collect();
        Self::Base64(BASE64_STANDARD.encode(bytes))
    }
}
