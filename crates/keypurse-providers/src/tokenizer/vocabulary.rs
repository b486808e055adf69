//! Vocabularies, made once and shared.

use std::fmt;
use std::sync::OnceLock;

use super::family::{self, Family};

static CL100K: OnceLock<&'static bpe_openai::Tokenizer> = OnceLock::new();
static O200K: OnceLock<&'static bpe_openai::Tokenizer> = OnceLock::new();

/// Counts a model's tokens. A copy costs nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tokenizer {
    family: Family,
}

impl Tokenizer {
    /// The tokenizer of a provider's model. `None` when its vocabulary is not
    /// public; then one token per byte is the only bound.
    pub fn of(provider: &str, model: &str) -> Option<Self> {
        family::of(provider, model).map(|family| Self { family })
    }

    /// Whether the vocabulary is there. Until then bytes are counted.
    pub fn ready(&self) -> bool {
        self.vocabulary().is_some()
    }

    /// Tokens of a text, never more than its UTF-8 bytes. Takes about 30 µs
    /// per kilobyte: count long texts on a blocking thread.
    ///
    /// A text cut in pieces usually has as many tokens or more, but not
    /// always: merging is greedy, so a cut can save one. Sums over pieces are
    /// estimates.
    pub fn count(&self, text: &str) -> u64 {
        let bytes = text.len();
        let tokens = self.vocabulary().map_or(bytes, |known| known.count(text));
        u64::try_from(tokens.min(bytes)).unwrap_or(u64::MAX)
    }

    fn vocabulary(self) -> Option<&'static bpe_openai::Tokenizer> {
        let made = match self.family {
            Family::Cl100k => &CL100K,
            Family::O200k => &O200K,
        };
        made.get().copied()
    }
}

impl fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokenizer({:?})", self.family)
    }
}

/// Whether any model of this provider has a tokenizer here.
pub fn is_of_use(provider: &str) -> bool {
    family::SERVING.iter().any(|(name, _)| *name == provider)
}

/// Makes the vocabularies; returns when they are there. Not for an async
/// thread: it computes for a fifth of a second.
pub fn warm() {
    O200K.get_or_init(bpe_openai::o200k_base);
    CL100K.get_or_init(bpe_openai::cl100k_base);
}
