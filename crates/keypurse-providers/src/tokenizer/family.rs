//! Which models read which vocabulary.

/// A public vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// GPT-3.5, GPT-4 and the embeddings.
    Cl100k,
    /// GPT-4o and what came after it.
    O200k,
}

/// Who serves OpenAI's models under OpenAI's names, and what stands before
/// them there. Of anyone else `gpt-4o` may be something else.
pub(super) const SERVING: [(&str, &str); 4] = [
    ("openai", ""),
    ("azure", ""),
    ("openrouter", "openai/"),
    ("github-copilot", ""),
];

/// From the table OpenAI publishes with its tokenizer (tiktoken's `model.py`).
/// The longest beginning decides. Models it does not list are not here: their
/// vocabulary may be another.
const BEGINNINGS: [(&str, Family); 14] = [
    ("gpt-3.5-turbo", Family::Cl100k),
    ("gpt-35-turbo", Family::Cl100k),
    ("gpt-4", Family::Cl100k),
    ("gpt-4-", Family::Cl100k),
    ("text-embedding-3", Family::Cl100k),
    ("text-embedding-ada-002", Family::Cl100k),
    ("gpt-4o", Family::O200k),
    ("gpt-4.1", Family::O200k),
    ("gpt-4.5", Family::O200k),
    ("gpt-5", Family::O200k),
    ("chatgpt-4o", Family::O200k),
    ("o1", Family::O200k),
    ("o3", Family::O200k),
    ("o4-mini", Family::O200k),
];

/// The vocabulary of a provider's model, where it is known.
pub(super) fn of(provider: &str, model: &str) -> Option<Family> {
    let (_, before) = SERVING.iter().find(|(name, _)| *name == provider)?;
    let name = model.strip_prefix(before)?;
    let begins = BEGINNINGS.iter().filter(|(start, _)| {
        let rest = name.strip_prefix(start);
        // `gpt-40` is no `gpt-4`, and `gpt-5` has dots in its names.
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
    });
    begins
        .max_by_key(|(start, _)| start.len())
        .map(|(_, family)| *family)
}
