//! Which models say everything they are paid for.
//!
//! A model that reasons out of sight uses tokens nobody can meter while its
//! answer streams. Money for it must be set aside whole, before it begins.
//! Whoever is not known to show all its output is taken to hide some.

/// Providers that stream the reasoning of whatever model they serve, by their
/// documentation of November 2026: it comes as text like any other.
const SHOW_REASONING: [&str; 6] = [
    "cerebras",
    "deepseek",
    "fireworks",
    "groq",
    "mistral",
    "together",
];

/// Model families without reasoning, by the beginning of their names, for
/// vendors whose newer models hide theirs.
const WITHOUT_REASONING: [(&str, &[&str]); 4] = [
    ("openai", &["gpt-3.5", "gpt-4", "chatgpt-4o"]),
    ("google", &["gemini-1", "gemini-2.0", "gemma"]),
    (
        "anthropic",
        &[
            "claude-2",
            "claude-3-opus",
            "claude-3-sonnet",
            "claude-3-haiku",
            "claude-3-5",
        ],
    ),
    ("xai", &["grok-2"]),
];

/// Vendors as resellers name them, and what they are called here.
const SAME_VENDOR: [(&str, &str); 3] = [
    ("azure", "openai"),
    ("x-ai", "xai"),
    ("vertex_ai", "google"),
];

/// Whether a model is known to have no reasoning: its provider refuses to be
/// asked for some.
pub fn never_reasons(provider: &str, model: &str) -> bool {
    if let Some((vendor, model)) = model.split_once('/') {
        return never_reasons(vendor, model);
    }
    let same = SAME_VENDOR
        .iter()
        .find(|(reseller, _)| *reseller == provider);
    let vendor = same.map_or(provider, |(_, vendor)| vendor);
    let families = WITHOUT_REASONING.iter().find(|(known, _)| *known == vendor);
    families.is_some_and(|(_, families)| families.iter().any(|family| model.starts_with(family)))
}

/// Whether all output tokens of a streamed answer are seen as they come.
pub fn shows_all_output(provider: &str, model: &str) -> bool {
    if SHOW_REASONING.contains(&provider) {
        return true;
    }
    // Resellers name the vendor first: `openrouter` serves `openai/gpt-4o`.
    if let Some((vendor, model)) = model.split_once('/') {
        return shows_all_output(vendor, model);
    }
    never_reasons(provider, model)
}

#[cfg(test)]
mod tests {
    use super::{never_reasons, shows_all_output};

    #[test]
    fn a_model_is_taken_to_reason_in_secret_unless_it_is_known_not_to() {
        for (provider, model, expected) in [
            ("openai", "gpt-4o-mini", true),
            ("openai", "gpt-4.1", true),
            ("openai", "gpt-5", false),
            ("openai", "o3", false),
            ("azure", "gpt-4o", true),
            ("openrouter", "openai/gpt-4o", true),
            ("openrouter", "x-ai/grok-4", false),
            ("google", "gemini-2.5-flash", false),
            ("deepseek", "deepseek-reasoner", true),
            ("my-gateway", "anything", false),
        ] {
            assert_eq!(
                shows_all_output(provider, model),
                expected,
                "{provider}/{model}"
            );
        }
    }

    #[test]
    fn a_model_never_reasons_only_if_it_is_known_not_to() {
        for (provider, model, expected) in [
            ("openai", "gpt-4o-mini", true),
            ("openrouter", "openai/gpt-4.1", true),
            ("openai", "gpt-5", false),
            ("deepseek", "deepseek-chat", false),
            ("my-gateway", "anything", false),
        ] {
            let never = never_reasons(provider, model);
            assert_eq!(never, expected, "{provider}/{model}");
        }
    }
}
