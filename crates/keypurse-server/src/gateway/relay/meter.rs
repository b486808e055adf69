//! How many output tokens a stream has had so far.
//!
//! Never below what was delivered: a token has at least a byte, so bytes are
//! the bound between two counts, and where no vocabulary is known they are the
//! count.

use keypurse_providers::tokenizer::Tokenizer;

/// A token of English has about four characters.
const EVENTS_PER_TOKEN: u64 = 4;

/// Counts what a model says, block by block.
#[derive(Debug, Default)]
struct Meter {
    tokenizer: Option<Tokenizer>,
    /// Tokens of what was counted.
    tokens: u64,
    /// What was not.
    text: String,
    bytes: u64,
}

impl Meter {
    /// Counts with a vocabulary, once that is there, or bytes.
    fn with(tokenizer: Option<Tokenizer>) -> Self {
        Self {
            tokenizer,
            ..Self::default()
        }
    }

    /// The model has said something of so many bytes.
    fn take_in(&mut self, bytes: u64, texts: impl FnOnce() -> Vec<String>) {
        self.bytes += bytes;
        if self.tokenizer.is_some() && bytes > 0 {
            self.text.extend(texts());
        }
    }

    /// No more tokens than this; cheap to know.
    fn most(&self) -> u64 {
        self.tokens + self.bytes
    }

    /// How many tokens it is counted as.
    fn count(&mut self) -> u64 {
        let Some(tokenizer) = self.tokenizer.filter(|_| self.bytes > 0) else {
            return self.most();
        };
        // A cut in the middle of a word can save a token.
        let counted = tokenizer.count(&self.text) + 1;
        self.tokens += counted.min(self.bytes);
        self.text.clear();
        self.bytes = 0;
        self.tokens
    }
}

/// More text came than was asked for.
#[derive(Debug)]
pub(in crate::gateway) struct TooMuch;

/// What a stream has said so far.
#[derive(Debug)]
pub(in crate::gateway) struct Heard {
    /// How many events with text all choices together may have.
    most_texts: u64,
    texts: u64,
    text_bytes: u64,
    meter: Meter,
}

impl Heard {
    /// Of a stream that may have this many output tokens in so many choices.
    ///
    /// Most providers send a token or more per event, some a character. Beyond
    /// [`EVENTS_PER_TOKEN`] events for each token it is more output than was
    /// asked for, whoever sends it.
    ///
    /// Choices come mixed, so only a single one's text can be counted.
    pub(in crate::gateway) fn new(
        output_limit: u64,
        choices: u64,
        tokenizer: Option<Tokenizer>,
    ) -> Self {
        Self {
            most_texts: output_limit.saturating_mul(EVENTS_PER_TOKEN),
            texts: 0,
            text_bytes: 0,
            meter: Meter::with(tokenizer.filter(|_| choices == 1)),
        }
    }

    /// The model has said something of so many bytes, or nothing.
    pub(in crate::gateway) fn take_in(
        &mut self,
        bytes: u64,
        texts: impl FnOnce() -> Vec<String>,
    ) -> Result<(), TooMuch> {
        self.texts += u64::from(bytes > 0);
        self.text_bytes += bytes;
        self.meter.take_in(bytes, texts);
        if self.is_too_much() {
            return Err(TooMuch);
        }
        Ok(())
    }

    /// Whether more text came than was asked for.
    pub(in crate::gateway) fn is_too_much(&self) -> bool {
        self.texts > self.most_texts
    }

    pub(in crate::gateway) fn text_bytes(&self) -> u64 {
        self.text_bytes
    }

    /// At most so many tokens is what the model said so far; cheap to know.
    pub(in crate::gateway) fn most_tokens(&self) -> u64 {
        self.meter.most()
    }

    /// How many tokens what the model said so far is counted as.
    pub(in crate::gateway) fn count_tokens(&mut self) -> u64 {
        self.meter.count()
    }
}

#[cfg(test)]
mod tests {
    use keypurse_providers::tokenizer::{Tokenizer, warm};

    use super::Meter;

    const STORY: &str = "Once upon a time there was a purse that was never empty. ";

    fn take_in(meter: &mut Meter, text: &str) {
        let bytes = u64::try_from(text.len()).unwrap();
        meter.take_in(bytes, || vec![text.to_owned()]);
    }

    #[test]
    fn bytes_are_the_count_where_no_vocabulary_is_known() {
        let mut meter = Meter::with(None);
        take_in(&mut meter, "abc");
        assert_eq!((meter.most(), meter.count()), (3, 3));
        take_in(&mut meter, "de");
        assert_eq!((meter.count(), meter.count()), (5, 5));
    }

    #[test]
    fn a_count_is_never_below_that_of_the_whole_nor_above_the_bytes() {
        warm();
        let tokenizer = Tokenizer::of("openai", "gpt-4o").unwrap();
        let story = STORY.repeat(40);
        for piece in [1, 7, 100, 1000] {
            let mut meter = Meter::with(Some(tokenizer));
            let bytes: Vec<char> = story.chars().collect();
            for (number, piece) in bytes.chunks(piece).enumerate() {
                let before = meter.most();
                take_in(&mut meter, &piece.iter().collect::<String>());
                assert!(meter.most() >= before);
                if number % 3 == 0 {
                    meter.count();
                }
            }
            let (most, counted) = (meter.most(), meter.count());
            assert!(counted <= most);
            assert!(counted >= tokenizer.count(&story), "pieces of {piece}");
        }
    }

    #[test]
    fn a_story_has_a_quarter_of_its_bytes_in_tokens() {
        warm();
        let mut meter = Meter::with(Tokenizer::of("openai", "gpt-4o"));
        take_in(&mut meter, &STORY.repeat(20));
        let bytes = meter.most();
        assert!(meter.count() * 3 < bytes);
    }
}
