//! What a simulated call would have used and cost, and where that is shown.

use bytes::Bytes;
use keypurse_core::money::Money;
use keypurse_core::usage::{ServiceTier, TokenCounts, Units};
use keypurse_providers::simulator::SimulatedUsage;

use crate::gateway::endpoint::asked::Asked;
use crate::gateway::endpoint::splice::{Edits, place_of};
use crate::gateway::routing::route::Route;
use crate::http::json::JsonObject;

/// What is counted, as a live call's usage is counted.
pub(super) fn counts(usage: &SimulatedUsage, asked: &Asked, route: &Route) -> TokenCounts {
    let told = told(usage);
    let media = asked.asked_media();
    let of_price = media.and_then(|media| media.usage(route, Some(Ok(told)))?.ok());
    let counts = TokenCounts {
        requests: u64::from(route.price.has_request_rate()),
        tier: tier(asked, route),
        ..of_price.unwrap_or(told)
    };
    assert!(
        counts.is_consistent(),
        "the simulator counts parts of totals"
    );
    counts
}

/// The tier of service that is charged: the one its answer says it had, which
/// is the one that was asked for, at endpoints whose answers say it.
fn tier(asked: &Asked, route: &Route) -> ServiceTier {
    if asked.endpoint.has_tiers() {
        asked.tier.held(&route.price).unwrap_or_default()
    } else {
        asked.tier.charged(&route.price, None)
    }
}

/// What the answer would tell of its usage.
fn told(usage: &SimulatedUsage) -> TokenCounts {
    TokenCounts {
        input: usage.input_tokens,
        input_audio: usage.input_audio_tokens,
        input_image: usage.input_image_tokens,
        output: usage.output_tokens,
        reasoning: usage.reasoning_tokens,
        output_audio: usage.output_audio_tokens,
        output_image: usage.output_image_tokens,
        units: Units {
            characters: usage.characters,
            input_seconds: usage.audio_ms.div_ceil(1000),
            images: usage.images,
            ..Units::NONE
        },
        ..TokenCounts::NONE
    }
}

/// What that would cost at the model's price.
pub(super) fn simulated_cost(counts: &TokenCounts, route: &Route) -> Money {
    let cost = route.price.cost(counts);
    cost.expect("an answer of bounded size at a tier that has a price")
}

/// An event that tells the usage, and what it would have cost beside it.
pub(super) fn beside_usage(event: &str, simulated_cost: Money) -> String {
    let event = Bytes::copy_from_slice(event.as_bytes());
    let cost = simulated_cost.to_string();
    let mut edits = Edits::default();
    let object = JsonObject::read(&event).ok();
    let nested = object.and_then(|object| {
        let response = object.get("response")?;
        Some((place_of(response, &event), response.get().to_owned()))
    });
    match nested {
        Some((place, response)) => {
            let mut within = Edits::default();
            within.add("simulated_cost", &cost);
            let response = within.apply(&response.into());
            edits.replace(place, String::from_utf8_lossy(&response));
        }
        None => edits.add("simulated_cost", &cost),
    }
    String::from_utf8_lossy(&edits.apply(&event)).into_owned()
}

/// The same as a comment, in a stream that tells no usage.
pub(super) fn comment(simulated_cost: Money) -> String {
    format!(": keypurse-simulated-cost={simulated_cost}\n\n")
}
