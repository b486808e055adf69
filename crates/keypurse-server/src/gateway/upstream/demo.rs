//! A priced provider inside this process: a newcomer can watch a balance fall
//! without an account anywhere. The simulator answers for it, honestly.

use std::time::Duration;

use keypurse_core::money::Money;
use keypurse_core::price::{ImagePrices, Price, Rate, Rates};

use super::simulated::Manner;
use crate::gateway::config::ModelPrice;

const MODEL: &str = "echo";
/// Between two chunks, so that a stream is seen to stream.
const PAUSE: Duration = Duration::from_millis(20);

/// The demo's one model. Ten dollars a million in and forty out: an answer
/// costs about a fifth of a cent, so a cent is gone after a handful.
pub(in crate::gateway) fn model(provider: &str) -> ModelPrice {
    let rate = |dollars: i64| {
        Rate::per_million(Money::from_nanos(dollars * 1_000_000_000)).expect("not negative")
    };
    ModelPrice {
        provider: provider.to_owned(),
        model: MODEL.to_owned(),
        price: Price::flat(Rates {
            input: rate(1),
            output: rate(40),
            ..Rates::default()
        }),
        images: ImagePrices::default(),
        max_input_tokens: Some(8192),
        max_output_tokens: Some(64),
    }
}

/// How the demo behaves.
pub(in crate::gateway) const MANNER: Manner = Manner {
    scenario: None,
    between: PAUSE,
};
