//! What a model's generation asks for.

/// "Thought signatures": what stands in for the proof of a call that another
/// model made, or whose proof nobody kept.
pub(crate) const UNSIGNED: &str = "skip_thought_signature_validator";

/// Whether a model is of the third generation or later: these take levels of
/// thinking, and want to see their own proofs of it again.
pub(crate) fn is_newer(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or(model);
    let version = name.strip_prefix("gemini-");
    let major = version.and_then(|version| version.split(['.', '-']).next());
    major.is_some_and(|major| major.parse::<u32>().is_ok_and(|major| major >= 3))
}

/// Whether a provider's chat endpoint wants to see, with each turn's first call,
/// the proof it was thought about: Google's own does, and answers 400 without.
pub fn wants_proofs(provider: &str, model: &str) -> bool {
    provider == "google" && is_newer(model)
}

#[cfg(test)]
mod tests {
    use super::{is_newer, wants_proofs};

    #[test]
    fn a_name_tells_the_generation() {
        for (model, expected) in [
            ("gemini-2.5-flash", false),
            ("gemini-3-pro-preview", true),
            ("gemini-3.5-flash", true),
            ("gemini-10", true),
            ("gemini-pro-latest", false),
            ("gemma-3", false),
        ] {
            assert_eq!(is_newer(model), expected, "{model}");
        }
    }

    #[test]
    fn only_google_wants_proofs_of_its_newer_models() {
        for (provider, model, expected) in [
            ("google", "gemini-3-pro-preview", true),
            ("google", "models/gemini-3-pro-preview", true),
            ("google", "gemini-2.5-pro", false),
            ("openrouter", "google/gemini-3-pro-preview", false),
        ] {
            assert_eq!(
                wants_proofs(provider, model),
                expected,
                "{provider} {model}"
            );
        }
    }
}
