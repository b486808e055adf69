//! What pictures are counted as.

use serde_json::{Value, json};

use super::request::ImageRequest;
use crate::{
    images::image_tokens,
    simulator::{count::count, endpoint::ModelFacts, reply::SimulatedUsage},
};

pub(super) fn of(
    request: &ImageRequest<'_>,
    facts: ModelFacts<'_>,
    pictures: u64,
) -> SimulatedUsage {
    let of_one = image_tokens(facts.provider, facts.model).map_or(0, |tokens| tokens.low);
    let input_image_tokens = request.inputs.saturating_mul(of_one);
    let output_image_tokens = pictures * tokens_of_a_picture(request);
    SimulatedUsage {
        input_tokens: count(request.prompt).saturating_add(input_image_tokens),
        output_tokens: output_image_tokens,
        input_image_tokens,
        output_image_tokens,
        images: pictures,
        ..SimulatedUsage::default()
    }
}

pub(super) fn to_json(usage: SimulatedUsage) -> Value {
    json!({
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {
            "image_tokens": usage.input_image_tokens,
            "text_tokens": usage.input_tokens - usage.input_image_tokens,
        },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {
            "image_tokens": usage.output_image_tokens,
            "text_tokens": 0,
        },
        "total_tokens": usage.input_tokens.saturating_add(usage.output_tokens),
    })
}

/// As OpenAI publishes it for gpt-image-1: by quality for a square, a tall and
/// a wide picture (developers.openai.com, image generation guide, October 2026).
fn tokens_of_a_picture(request: &ImageRequest<'_>) -> u64 {
    let [square, tall, wide] = match request.quality {
        "low" => [272, 408, 400],
        "medium" => [1056, 1584, 1568],
        _ => [4160, 6240, 6208],
    };
    let (width, height) = request.size;
    match width.cmp(&height) {
        std::cmp::Ordering::Equal => square,
        std::cmp::Ordering::Less => tall,
        std::cmp::Ordering::Greater => wide,
    }
}
