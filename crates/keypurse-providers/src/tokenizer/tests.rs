use proptest::prelude::*;

use super::{Tokenizer, is_of_use, warm};

fn warmed(model: &str) -> Tokenizer {
    warm();
    Tokenizer::of("openai", model).expect("a public vocabulary")
}

#[test]
fn a_model_has_a_tokenizer_where_its_vocabulary_is_public() {
    for (provider, model, expected) in [
        ("openai", "gpt-4o", "O200k"),
        ("openai", "text-embedding-3-large", "Cl100k"),
        ("openai", "gpt-4o-mini-2024-07-18", "O200k"),
        ("openai", "gpt-4.1-nano", "O200k"),
        ("openai", "gpt-5", "O200k"),
        ("openai", "gpt-5.4-mini", "O200k"),
        ("openai", "o1", "O200k"),
        ("openai", "o3-mini", "O200k"),
        ("openai", "o4-mini", "O200k"),
        ("openai", "chatgpt-4o-latest", "O200k"),
        ("openai", "gpt-4", "Cl100k"),
        ("openai", "gpt-4-turbo", "Cl100k"),
        ("openai", "gpt-4-0613", "Cl100k"),
        ("openai", "gpt-3.5-turbo", "Cl100k"),
        ("azure", "gpt-4o", "O200k"),
        ("azure", "gpt-35-turbo", "Cl100k"),
        ("openrouter", "openai/gpt-4o", "O200k"),
    ] {
        let tokenizer = Tokenizer::of(provider, model).expect(model);
        assert_eq!(
            format!("{tokenizer:?}"),
            format!("Tokenizer({expected})"),
            "{model}"
        );
    }
    for (provider, model) in [
        ("openai", "gpt-6-sol"),
        ("openai", "gpt-oss-120b"),
        ("openai", "gpt-40"),
        ("openai", "o12"),
        ("openai", "my-gpt-4o"),
        ("openai", ""),
        ("openrouter", "gpt-4o"),
        ("openrouter", "meta/gpt-4o"),
        ("anthropic", "claude-opus-5-5"),
        ("google", "gemini-2.5-flash"),
        ("up", "gpt-4o"),
    ] {
        assert_eq!(Tokenizer::of(provider, model), None, "{provider}/{model}");
    }
    assert!(is_of_use("openai") && !is_of_use("anthropic"));
}

/// Counts published with the vocabularies' own documentation and tests.
#[test]
fn texts_have_as_many_tokens_as_their_vendor_counts() {
    let (o200k, cl100k) = (warmed("gpt-4o"), warmed("gpt-4"));
    assert!(o200k.ready() && cl100k.ready());
    for (text, of_o200k, of_cl100k) in [
        ("", 0, 0),
        ("hello world", 2, 2),
        ("tiktoken is great!", 6, 6),
        ("antidisestablishmentarianism", 6, 6),
        ("2 + 2 = 4", 7, 7),
        ("お誕生日おめでとう", 8, 9),
    ] {
        assert_eq!(o200k.count(text), of_o200k, "{text} with o200k");
        assert_eq!(cl100k.count(text), of_cl100k, "{text} with cl100k");
    }
}

#[test]
fn odd_texts_are_counted_too() {
    let tokenizer = warmed("gpt-4o");
    for text in [
        "\0",
        "\u{feff}",
        "<|endoftext|>",
        "\u{10ffff}",
        "👩‍👩‍👧‍👦",
        "e\u{301}\u{301}\u{301}",
        "\r\n\r\n \t ",
    ] {
        let tokens = tokenizer.count(text);
        assert!(
            tokens >= 1 && tokens <= text.len() as u64,
            "{text:?}: {tokens}"
        );
    }
    let long = "a".repeat(100_000);
    assert!(tokenizer.count(&long) <= 100_000);
}

proptest! {
    #[test]
    fn a_text_has_no_more_tokens_than_bytes(text in "\\PC{0,200}") {
        for model in ["gpt-4o", "gpt-4"] {
            prop_assert!(warmed(model).count(&text) <= text.len() as u64);
        }
    }

    #[test]
    fn a_cut_saves_one_token_at_most(text in "[a-zA-Z0-9 .,\n]{1,80}|\\PC{1,40}", at in any::<prop::sample::Index>()) {
        let tokenizer = warmed("gpt-4o");
        let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        let (head, tail) = text.split_at(ends[at.index(ends.len())]);
        let pieces = tokenizer.count(head) + tokenizer.count(tail);
        prop_assert!(pieces + 1 >= tokenizer.count(&text), "{head:?} {tail:?}");
    }
}
