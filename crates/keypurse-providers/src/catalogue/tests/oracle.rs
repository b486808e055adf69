//! The same usage priced by us and by the crate the prices come from.

use std::time::{Duration, UNIX_EPOCH};

use genai_prices::{Calculator, ErrorKind, PriceRequest, Usage, UsageKey};
use keypurse_core::price::Price;
use keypurse_core::time::Timestamp;
use keypurse_core::usage::{Class, ServiceTier, TokenCounts, Units};

use super::super::Catalogue;
use super::at;

/// We round up to a whole nano-dollar, and our rates to nine decimals.
const TOLERANCE_NANOS: f64 = 1.5;

const TIMES: [&str; 5] = [
    "2026-01-15T12:00:00Z",
    "2026-08-17T00:00:00Z",
    "2026-11-21T02:00:00Z",
    "2026-11-21T20:00:00Z",
    "2027-02-01T12:00:00Z",
];

fn usages() -> [TokenCounts; 7] {
    let plain = |input, output| TokenCounts {
        input,
        output,
        ..TokenCounts::default()
    };
    [
        plain(1, 0),
        plain(1_234, 567),
        plain(300_001, 12_345),
        TokenCounts {
            cached_input: 40_000,
            cache_write: 5_000,
            reasoning: 700,
            ..plain(90_000, 900)
        },
        TokenCounts {
            input_audio: 333,
            output_audio: 44,
            ..plain(4_321, 99)
        },
        TokenCounts {
            cached_input: 400,
            cached_audio: 300,
            input_audio: 200,
            ..plain(4_321, 99)
        },
        TokenCounts {
            cache_write: 400,
            cache_write_long: 300,
            ..plain(4_321, 99)
        },
    ]
}

/// What calls that are measured in no tokens use.
fn usages_of_units(price: &Price) -> Vec<TokenCounts> {
    let used = |class, amount| if price.has_rate(class) { amount } else { 0 };
    // Below its first ten seconds Groq charges ten, and so does the oracle.
    let units = [10, 59, 3_600, 100_000].map(|amount| Units {
        characters: used(Class::Characters, amount),
        input_seconds: used(Class::InputSeconds, amount),
        ..Units::NONE
    });
    let counts = units.map(|units| TokenCounts {
        units,
        ..TokenCounts::NONE
    });
    counts.to_vec()
}

/// Every usage at every tier that has a price.
fn usages_at(price: &Price) -> Vec<TokenCounts> {
    if price.has_unit_rates() {
        return usages_of_units(price);
    }
    let tiers = ServiceTier::ALL.into_iter();
    let tiers = tiers.filter(|tier| price.has_tier(*tier));
    let requests = u64::from(price.has_request_rate());
    let at = |tier| {
        usages().map(|counts| TokenCounts {
            requests,
            tier,
            ..counts
        })
    };
    // Where cached audio has no price the oracle takes cached text's, and we
    // take audio's: nobody has published a discount.
    let rates = price.bands()[0].rates;
    let differs = rates.input_audio.is_some() && rates.cached_audio.is_none();
    let usages = tiers.flat_map(at);
    usages
        .filter(|counts| !differs || counts.cached_audio == 0)
        .collect()
}

fn renamed(provider: &str) -> &str {
    match provider {
        "aws" => "bedrock",
        "x-ai" => "xai",
        same => same,
    }
}

#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn oracle_usage(counts: &TokenCounts) -> Usage {
    let all = [
        (UsageKey::INPUT_TOKENS, counts.input),
        (UsageKey::OUTPUT_TOKENS, counts.output),
        (
            UsageKey::CACHE_READ_TOKENS,
            counts.cached_input + counts.cached_audio,
        ),
        (UsageKey::CACHE_AUDIO_READ_TOKENS, counts.cached_audio),
        (
            UsageKey::CACHE_WRITE_TOKENS,
            counts.cache_write + counts.cache_write_long,
        ),
        (UsageKey::CACHE_WRITE_1H_TOKENS, counts.cache_write_long),
        (UsageKey::OUTPUT_REASONING_TOKENS, counts.reasoning),
        (
            UsageKey::INPUT_AUDIO_TOKENS,
            counts.input_audio + counts.cached_audio,
        ),
        (UsageKey::OUTPUT_AUDIO_TOKENS, counts.output_audio),
        (UsageKey::INPUT_CHARACTERS, counts.units.characters),
        (UsageKey::INPUT_AUDIO_SECONDS, counts.units.input_seconds),
        (UsageKey::AUDIO_SECONDS, counts.units.input_seconds),
    ];
    all.into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(key, count)| (key, count as f64))
        .collect()
}

/// The oracle's cost in nano-dollars; `None` where it cannot tell the model by
/// the id it lists it under.
fn oracle_cost(provider: &str, model: &str, counts: &TokenCounts, now: Timestamp) -> Option<f64> {
    let usage = oracle_usage(counts);
    let seconds = u64::try_from(now.seconds()).unwrap();
    let mut request = PriceRequest::new(model, &usage)
        .with_provider_id(provider)
        .with_timestamp(UNIX_EPOCH + Duration::from_secs(seconds));
    if counts.tier != ServiceTier::Standard {
        request = request.with_price_context("service_tier", counts.tier.as_str());
    }
    match Calculator::bundled().calculate(&request) {
        Ok(calculated) => Some(calculated.total_price * 1e9),
        Err(error) if error.kind() == ErrorKind::ModelNotFound => None,
        Err(error) => panic!("{provider}/{model}: {error}"),
    }
}

#[test]
#[expect(
    clippy::cast_precision_loss,
    reason = "costs far below 2^53 nano-dollars"
)]
fn every_cost_is_the_oracles_to_the_nano() {
    let catalogue = Catalogue::bundled();
    let (mut compared, mut unknown) = (0, 0);
    for provider in Calculator::bundled().providers() {
        for model in provider.models() {
            let entry = catalogue
                .find(renamed(provider.id()), model.id())
                .expect("every model");
            for now in TIMES.map(at) {
                let Some(price) = entry.price_at(now) else {
                    continue;
                };
                for counts in usages_at(&price) {
                    let Some(expected) = oracle_cost(provider.id(), model.id(), &counts, now)
                    else {
                        unknown += 1;
                        continue;
                    };
                    let nanos = price.cost(&counts).unwrap().nanos() as f64;
                    assert!(
                        (nanos - expected).abs() <= TOLERANCE_NANOS,
                        "{}/{} at {now}, {counts:?}: {nanos} instead of {expected}",
                        provider.id(),
                        model.id(),
                    );
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 50_000, "only {compared} costs compared");
    assert!(unknown < 3_500, "{unknown} costs not compared");
}
