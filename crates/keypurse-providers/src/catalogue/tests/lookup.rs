//! Which model a name means, and who serves it.

use super::super::{Catalogue, CatalogueError, Mode};
use super::{TODAY, at, find};

#[test]
fn the_bundled_catalogue_reads() {
    let catalogue = Catalogue::bundled();
    assert!(
        at(catalogue.date()) > at("2026-10-01"),
        "{}",
        catalogue.date()
    );
}

#[test]
fn a_name_means_its_model_and_an_alias_means_the_same() {
    let catalogue = Catalogue::bundled();
    for (name, id) in [
        ("openai/gpt-4o", "gpt-4o"),
        ("openai/GPT-4o", "gpt-4o"),
        ("OpenAI/gpt-4o", "gpt-4o"),
        ("openai/gpt-4o-2024-08-06", "gpt-4o"),
        ("openai/gpt-4o-2024-05-13", "gpt-4o-2024-05-13"),
        ("openai/gpt-6-sol-2026-09-22", "gpt-6-sol"),
        ("anthropic/claude-opus-5-5-20261015", "claude-opus-5-5"),
        ("google/gemini-2.5-pro-preview-06-05", "gemini-2.5-pro"),
        ("google/gemini-2.5-pro-preview-tts", "gemini-2.5-pro-tts"),
        ("fireworks/accounts/fireworks/models/kimi-k3", "kimi-k3"),
        (
            "bedrock/eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "regional.anthropic.claude-sonnet-4-5-20250929-v1:0",
        ),
    ] {
        assert_eq!(find(&catalogue, name).id, id, "{name}");
    }
}

#[test]
fn what_no_provider_serves_is_not_found() {
    let catalogue = Catalogue::bundled();
    let endless = "gpt-4o".repeat(1_000_000);
    for (provider, model) in [
        ("openai", ""),
        ("openai", "gpt-4o-2099-01-01"),
        ("openai", "gpt-4o-moderation"),
        ("openai", &endless),
        ("nobody", "gpt-4o"),
        ("", "gpt-4o"),
        ("aws", "amazon.nova-lite-v1:0"),
        ("anthropic", "gpt-4o"),
    ] {
        assert!(
            catalogue.find(provider, model).is_none(),
            "{provider}/{model:.40}"
        );
    }
}

/// A client names its own fine-tuned models: a substring must not make one
/// free.
#[test]
fn a_fine_tuned_model_is_never_priced_as_moderation() {
    let catalogue = Catalogue::bundled();
    for name in ["ft:gpt-4.1-2025-04-14:org:moderation:abc", "my-moderation"] {
        let entry = catalogue.find("openai", name);
        let price = entry.and_then(|entry| entry.price_at(at(TODAY)));
        assert!(price.is_none_or(|price| !price.is_free()), "{name}");
    }
}

#[test]
fn a_fallback_serves_under_the_provider_that_was_asked() {
    let catalogue = Catalogue::bundled();
    let entry = find(&catalogue, "azure/gpt-4o");
    assert_eq!(
        (entry.provider, entry.id, entry.mode),
        ("azure", "gpt-4o", Mode::Chat)
    );
    let original = find(&catalogue, "openai/gpt-4o");
    assert_eq!(entry.price_at(at(TODAY)), original.price_at(at(TODAY)));
}

#[test]
fn a_bare_model_goes_to_its_maker_before_its_resellers() {
    let catalogue = Catalogue::bundled();
    for (model, first, also) in [
        ("gpt-4o", "openai", "azure"),
        ("claude-opus-4-5", "anthropic", "google"),
        ("gemini-2.5-pro", "google", "google"),
        ("grok-4.5", "xai", "cursor"),
        ("openai/gpt-4o", "openrouter", "openrouter"),
    ] {
        let serving: Vec<_> = catalogue.providers_serving(model).collect();
        assert_eq!(serving.first(), Some(&first), "{model}: {serving:?}");
        assert!(serving.contains(&also), "{model}: {serving:?}");
    }
    assert_eq!(catalogue.providers_serving("no-such-model").count(), 0);
}

/// Google's names for Claude may stand after anything, in its own names.
#[test]
fn a_model_of_a_named_provider_goes_to_no_other() {
    let catalogue = Catalogue::bundled();
    let vertex = "google/publishers/anthropic/models/claude-sonnet-4-5";
    assert_eq!(find(&catalogue, vertex).id, "claude-sonnet-4-5");
    for model in ["anthropic/claude-sonnet-4-5", "xyz/claude-sonnet-4-5"] {
        let serving: Vec<_> = catalogue.providers_serving(model).collect();
        assert!(serving.is_empty(), "{model}: {serving:?}");
    }
}

#[test]
fn models_come_by_provider_and_id_and_are_found_under_their_id() {
    let catalogue = Catalogue::bundled();
    let names: Vec<_> = catalogue
        .models()
        .map(|model| (model.provider, model.id))
        .collect();
    assert!(names.is_sorted());
    for (provider, id) in names {
        let found = catalogue
            .find(provider, id)
            .map(|entry| (entry.provider, entry.id));
        assert_eq!(found, Some((provider, id)));
    }
}

#[test]
fn limits_and_modes_come_with_the_model() {
    let catalogue = Catalogue::bundled();
    for (name, mode, input, output) in [
        ("openai/gpt-4o", Mode::Chat, Some(128_000), Some(16_384)),
        (
            "openai/gpt-5-pro",
            Mode::Responses,
            Some(400_000),
            Some(272_000),
        ),
        (
            "openai/omni-moderation-latest",
            Mode::Moderation,
            None,
            None,
        ),
        ("openai/gpt-image-1", Mode::Image, None, None),
        (
            "anthropic/claude-opus-4-5",
            Mode::Chat,
            Some(200_000),
            Some(64_000),
        ),
        (
            "google/gemini-2.5-pro",
            Mode::Chat,
            Some(1_048_576),
            Some(65_536),
        ),
        (
            "openrouter/openai/gpt-4o",
            Mode::Chat,
            Some(128_000),
            Some(16_384),
        ),
    ] {
        let entry = find(&catalogue, name);
        let limits = (entry.mode, entry.max_input_tokens, entry.max_output_tokens);
        assert_eq!(limits, (mode, input, output), "{name}");
    }
    assert_eq!(
        find(&catalogue, "openai/text-embedding-3-small").dimensions,
        Some(1536)
    );
}

#[test]
fn a_catalogue_that_contradicts_itself_is_refused() {
    let with =
        |model: &str| format!(r#"{{"date":"d","providers":[{{"id":"p","models":[{model}]}}]}}"#);
    let priced = |rows: &str| with(&format!(r#"{{"id":"m","mode":"chat","prices":{rows}}}"#));
    for (json, fault) in [
        ("{}".to_owned(), "format"),
        (
            r#"{"date":"d","providers":[{"id":"p","fallback":["q"],"models":[]}]}"#.into(),
            "`q`",
        ),
        (priced("[]"), "always applies"),
        (
            priced(r#"[{"from":"2026-01-01","unpriced":"x"}]"#),
            "always applies",
        ),
        (
            priced(r#"[{"from":"someday","unpriced":"x"}]"#),
            "`someday`",
        ),
        (
            priced(r#"[{"daily":["01:00:00","25:00:00"],"unpriced":"x"}]"#),
            "`25:00:00`",
        ),
        (priced("[{}]"), "no price"),
        (
            priced(r#"[{"bands":[{"input":"-1","output":"1"}]}]"#),
            "no price",
        ),
        (
            priced(r#"[{"bands":[{"above":5,"input":"1","output":"1"}]}]"#),
            "no price",
        ),
        (
            priced(r#"[{"bands":[{"input":1.5,"output":"1"}]}]"#),
            "format",
        ),
        (
            priced(r#"[{"bands":[{"input":"0.0000000001","output":"1"}]}]"#),
            "format",
        ),
        (
            with(r#"{"id":"m","mode":"chat","match":["m2"],"prices":[]}"#),
            "`m2`",
        ),
    ] {
        let refused: CatalogueError = Catalogue::parse(json.as_bytes()).expect_err(&json);
        assert!(told(&refused).contains(fault), "{json}: {refused}");
    }
}

fn told(error: &CatalogueError) -> String {
    error.to_string()
}
