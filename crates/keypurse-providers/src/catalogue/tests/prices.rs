//! What well-known models cost, from the providers' published prices.

use keypurse_core::price::Price;
use keypurse_core::usage::Class;

use super::super::{Catalogue, Extra, Mode};
use super::{TODAY, at, find};

/// Rates in dollars per million: `above: input cached write output`, `-` where
/// a class has no rate of its own.
fn told(price: &Price) -> String {
    let bands = price.bands().iter().map(|band| {
        let dollars = |rate: keypurse_core::price::Rate| rate.dollars_per_million().to_string();
        let own = |rate: Option<_>| rate.map_or("-".to_owned(), dollars);
        let (input, output) = (dollars(band.rates.input), dollars(band.rates.output));
        let (cached, write) = (own(band.rates.cached_input), own(band.rates.cache_write));
        format!("{}: {input} {cached} {write} {output}", band.above)
    });
    bands.collect::<Vec<_>>().join("; ")
}

#[test]
fn well_known_models_cost_what_their_providers_publish() {
    let catalogue = Catalogue::bundled();
    for (name, expected) in [
        ("openai/gpt-4o", "0: 2.5 1.25 - 10.0"),
        ("openai/gpt-4o-2024-08-06", "0: 2.5 1.25 - 10.0"),
        ("openai/gpt-4o-2024-05-13", "0: 5.0 - - 15.0"),
        ("openai/gpt-4o-mini", "0: 0.15 0.075 - 0.6"),
        ("openai/gpt-4.1", "0: 2.0 0.5 - 8.0"),
        ("openai/o3", "0: 2.0 0.5 - 8.0"),
        ("openai/text-embedding-3-small", "0: 0.02 - - 0.0"),
        ("azure/gpt-4o", "0: 2.5 1.25 - 10.0"),
        ("anthropic/claude-opus-4-5-20251101", "0: 5.0 0.5 6.25 25.0"),
        ("anthropic/claude-opus-5-5", "0: 4.0 0.2 5.0 20.0"),
        ("anthropic/claude-haiku-4-5", "0: 1.0 0.1 1.25 5.0"),
        ("google/gemini-2.5-flash", "0: 0.3 0.03 - 2.5"),
        ("groq/llama-3.3-70b-versatile", "0: 0.59 - - 0.79"),
        ("cohere/embed-v4.0", "0: 0.12 - - 0.0"),
        ("openrouter/openai/gpt-4o", "0: 2.5 1.25 - 10.0"),
    ] {
        let price = find(&catalogue, name).price_at(at(TODAY)).expect(name);
        assert_eq!(told(&price), expected, "{name}");
    }
}

#[test]
fn a_tier_price_applies_above_its_start() {
    let catalogue = Catalogue::bundled();
    for (name, expected) in [
        (
            "openai/gpt-5.4",
            "0: 2.5 0.25 - 15.0; 272000: 5.0 0.5 - 22.5",
        ),
        (
            "google/gemini-2.5-pro",
            "0: 1.25 0.125 - 10.0; 200000: 2.5 0.25 - 15.0",
        ),
        (
            "anthropic/claude-haiku-5-5",
            "0: 0.1 0.01 0.125 0.5; 100000: 0.5 0.05 0.625 2.5",
        ),
    ] {
        let price = find(&catalogue, name).price_at(at(TODAY)).expect(name);
        assert_eq!(told(&price), expected, "{name}");
    }
}

#[test]
fn a_dated_price_applies_from_its_start_date() {
    let catalogue = Catalogue::bundled();
    for (name, now, expected) in [
        (
            "deepseek/deepseek-v4-flash",
            "2026-08-16T23:59:59Z",
            "0: 0.14 0.0028 - 0.28",
        ),
        (
            "deepseek/deepseek-v4-flash",
            "2026-08-17T00:00:00Z",
            "0: 0.22 0.007 - 0.66",
        ),
        (
            "deepseek/deepseek-v4-flash",
            "2026-09-09T23:59:59Z",
            "0: 0.22 0.007 - 0.66",
        ),
        (
            "deepseek/deepseek-v4-flash",
            "2026-09-10T00:00:00Z",
            "0: 0.15 0.003 - 0.6",
        ),
    ] {
        let price = find(&catalogue, name).price_at(at(now)).expect(name);
        assert_eq!(told(&price), expected, "{name} at {now}");
    }
}

#[test]
fn a_price_by_time_of_day_applies_inside_its_hours() {
    let catalogue = Catalogue::bundled();
    let entry = find(&catalogue, "deepseek/deepseek-v4-flash");
    for (now, expected) in [
        ("2026-11-21T00:59:59Z", "0: 0.15 0.003 - 0.6"),
        ("2026-11-21T01:00:00Z", "0: 0.3 0.006 - 1.2"),
        ("2026-11-21T04:00:00Z", "0: 0.15 0.003 - 0.6"),
        ("2026-11-21T09:59:59Z", "0: 0.3 0.006 - 1.2"),
    ] {
        assert_eq!(told(&entry.price_at(at(now)).unwrap()), expected, "{now}");
    }
    assert_eq!(
        entry.next_change(at("2026-11-21T02:00:00Z")),
        Some(at("2026-11-21T04:00:00Z"))
    );
}

#[test]
fn every_price_in_the_catalogue_reads() {
    let catalogue = Catalogue::bundled();
    let unpriced = catalogue
        .models()
        .filter(|model| model.price_at(at(TODAY)).is_none())
        .count();
    assert!(catalogue.models().count() > 2000);
    assert!(unpriced < 200, "{unpriced} models have no price");
    for model in catalogue.models() {
        let has_price = model.price_at(at(TODAY)).is_some();
        assert_ne!(
            has_price,
            model.unpriced_reason(at(TODAY)).is_some(),
            "{model:?}"
        );
    }
}

/// Published prices have at most six decimals, except a few thirds, which we
/// keep to nine.
#[test]
fn no_price_carries_float_noise() {
    let catalogue = Catalogue::bundled();
    for model in catalogue.models() {
        let Some(price) = model.price_at(at(TODAY)) else {
            continue;
        };
        let text = told(&price);
        let noisy = ["00000", "99999"]
            .iter()
            .any(|noise| decimals(&text).any(|d| d.contains(noise)));
        assert!(!noisy, "{}/{}: {text}", model.provider, model.id);
    }
}

fn decimals(told: &str) -> impl Iterator<Item = &str> {
    told.split([' ', ';'])
        .filter_map(|word| Some(word.split_once('.')?.1))
}

#[test]
fn what_counts_of_tokens_cannot_price_has_no_price() {
    let catalogue = Catalogue::bundled();
    for (name, reason) in [
        ("perplexity/sonar-deep-research", "searches on every call"),
        (
            "openai/gpt-4o-mini-search-preview-2025-03-11",
            "searches on every call",
        ),
        ("openai/gpt-live-transcribe", "audio_hours"),
        ("mistral/voxtral-small-24b-2507", "audio_hours"),
        (
            "openrouter/google/gemini-2.5-flash-image",
            "images without rates of their own",
        ),
        (
            "openai/gpt-4o-audio-preview",
            "audio without rates of its own",
        ),
        ("google/gemma-3", "no known price"),
    ] {
        let entry = find(&catalogue, name);
        assert_eq!(entry.unpriced_reason(at(TODAY)), Some(reason), "{name}");
        assert_eq!(entry.price_at(at(TODAY)), None, "{name}");
    }
}

#[test]
fn only_what_is_given_away_is_free() {
    let catalogue = Catalogue::bundled();
    let free = |name: &str| {
        find(&catalogue, name)
            .price_at(at(TODAY))
            .unwrap()
            .is_free()
    };
    assert!(free("openai/omni-moderation-latest"));
    assert!(free("openrouter/deepseek/deepseek-r1:free"));
    for model in catalogue.models().filter(|model| model.mode == Mode::Chat) {
        let Some(price) = model.price_at(at(TODAY)) else {
            continue;
        };
        let given_away = model.id.ends_with(":free")
            || model.provider == "github-copilot"
            || model.id.starts_with("gemma-4");
        assert!(
            !price.is_free() || given_away,
            "{}/{}",
            model.provider,
            model.id
        );
    }
}

#[test]
fn a_model_tells_what_else_a_call_may_ask_for() {
    let catalogue = Catalogue::bundled();
    let extras = |name: &str| find(&catalogue, name).extras().to_vec();
    assert_eq!(
        extras("openai/gpt-4o"),
        [Extra::WebSearch, Extra::StorageSearch]
    );
    assert_eq!(extras("google/gemini-2.5-flash"), [Extra::WebSearch]);
    assert_eq!(extras("openai/gpt-image-1"), [Extra::CachedImage]);
    assert!(extras("groq/llama-3.3-70b-versatile").is_empty());
}

#[test]
fn classes_beyond_text_cost_what_their_providers_publish() {
    let catalogue = Catalogue::bundled();
    for (name, class, expected) in [
        ("anthropic/claude-opus-5-5", Class::CacheWriteLong, "8.0"),
        ("google/gemini-2.5-flash", Class::InputAudio, "1.0"),
        ("google/gemini-2.5-flash", Class::CachedAudio, "0.1"),
        ("openai/gpt-image-1", Class::InputImage, "10.0"),
        ("openai/gpt-image-1.5", Class::OutputImage, "32.0"),
        ("openai/gpt-realtime", Class::CachedAudio, "0.4"),
        ("perplexity/sonar", Class::Request, "12000.0"),
        ("openai/tts-1", Class::Characters, "15.0"),
        ("openai/tts-1-hd", Class::Characters, "30.0"),
        ("openai/whisper-1", Class::InputSeconds, "100.0"),
        ("groq/whisper-large-v3", Class::InputSeconds, "30.833333334"),
        ("openai/gpt-4o-transcribe", Class::InputAudio, "6.0"),
        ("openai/gpt-4o-mini-tts", Class::Output, "12.0"),
        ("openai/gpt-image-1-mini", Class::InputImage, "2.5"),
    ] {
        let price = find(&catalogue, name).price_at(at(TODAY)).expect(name);
        let rate = price.bands()[0].rates.of(class).expect(name);
        assert_eq!(rate.dollars_per_million().to_string(), expected, "{name}");
    }
}

#[test]
fn tiers_of_service_have_prices_from_the_day_they_began() {
    let catalogue = Catalogue::bundled();
    let entry = find(&catalogue, "openai/gpt-5.4");
    let told_tiers = |now: &str| {
        let price = entry.price_at(at(now)).unwrap();
        let tiers = price.tiers().map(|(tier, bands)| {
            let price = Price::banded(bands.to_vec()).unwrap();
            format!("{} {}", tier.as_str(), told(&price))
        });
        tiers.collect::<Vec<_>>()
    };
    assert!(told_tiers("2026-10-11T23:59:59Z").is_empty());
    assert_eq!(told_tiers(TODAY), TIERS_OF_GPT_5_4);
    let anthropic = find(&catalogue, "anthropic/claude-opus-5-5");
    assert_eq!(anthropic.price_at(at(TODAY)).unwrap().tiers().count(), 0);
}

const TIERS_OF_GPT_5_4: [&str; 2] = [
    "flex 0: 1.25 0.13 - 7.5; 272000: 2.5 0.25 - 11.25",
    "priority 0: 5.0 0.5 - 30.0",
];
