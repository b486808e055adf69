//! What is said of one model.

use std::borrow::Cow;

use keypurse_core::price::{Band, Price, Rate, Rates};
use keypurse_providers::catalogue::Mode;
use serde_json::{Map, Value, json};

/// What is said of a model.
pub(super) struct Listed<'a> {
    pub(super) provider: &'a str,
    pub(super) model: &'a str,
    pub(super) price: Cow<'a, Price>,
    /// What the catalogue says it does, unless the operator set its price.
    pub(super) mode: Option<Mode>,
    pub(super) max_input_tokens: Option<u64>,
    pub(super) max_output_tokens: Option<u64>,
    pub(super) is_available: bool,
}

impl Listed<'_> {
    pub(super) fn to_json(&self) -> Value {
        let mut model = json!({
            "id": format!("{}/{}", self.provider, self.model),
            "object": "model",
            "created": 0,
            "owned_by": self.provider,
            "available": self.is_available,
            "pricing": pricing(&self.price),
        });
        if let Some(mode) = self.mode {
            model["mode"] = mode.as_str().into();
        }
        if let Some(most) = self.max_input_tokens {
            model["max_input_tokens"] = most.into();
        }
        if let Some(most) = self.max_output_tokens {
            model["max_output_tokens"] = most.into();
        }
        model
    }
}

/// Dollars per million tokens, as text: a float would not be exact.
fn pricing(price: &Price) -> Value {
    let mut pricing = pricing_of(price.bands());
    let tiers = price.tiers();
    let tiers: Map<String, Value> = tiers
        .map(|(tier, bands)| (tier.as_str().to_owned(), Value::Object(pricing_of(bands))))
        .collect();
    if !tiers.is_empty() {
        pricing.insert("service_tiers".to_owned(), Value::Object(tiers));
    }
    Value::Object(pricing)
}

fn pricing_of(bands: &[Band]) -> Map<String, Value> {
    let mut pricing = rates(&bands[0].rates);
    if bands.len() > 1 {
        let longer = bands[1..].iter().map(|band| {
            let mut rates = rates(&band.rates);
            rates.insert("above_input_tokens".to_owned(), band.above.into());
            Value::Object(rates)
        });
        pricing.insert("long_input".to_owned(), longer.collect());
    }
    pricing
}

fn rates(rates: &Rates) -> Map<String, Value> {
    let classes = [
        ("input_per_million", Some(rates.input)),
        ("output_per_million", Some(rates.output)),
        ("cached_input_per_million", rates.cached_input),
        ("cache_write_per_million", rates.cache_write),
        ("input_audio_per_million", rates.input_audio),
        ("reasoning_per_million", rates.reasoning),
        ("output_audio_per_million", rates.output_audio),
        ("cached_audio_per_million", rates.cached_audio),
        ("cache_write_long_per_million", rates.cache_write_long),
        ("input_image_per_million", rates.input_image),
        ("output_image_per_million", rates.output_image),
        ("calls_per_million", rates.request),
        ("characters_per_million", rates.characters),
        ("input_seconds_per_million", rates.input_seconds),
        ("output_seconds_per_million", rates.output_seconds),
        ("images_per_million", rates.images),
    ];
    let text = |rate: Rate| rate.dollars_per_million().to_string();
    let stated = classes
        .into_iter()
        .filter_map(|(class, rate)| rate.map(|rate| (class.to_owned(), Value::from(text(rate)))));
    let mut stated: Map<String, Value> = stated.collect();
    stated.insert("currency".to_owned(), "USD".into());
    stated
}
