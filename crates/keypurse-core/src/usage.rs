//! What one call used, in the token classes that have prices of their own.

/// Token counts of one call. `input` and `output` are totals; the others are
/// the parts of them that are priced apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenCounts {
    /// All input tokens, cached and audio ones included.
    pub input: u64,
    /// Input tokens read from the provider's cache.
    pub cached_input: u64,
    /// Input tokens written to the provider's cache.
    pub cache_write: u64,
    /// Audio input tokens.
    pub input_audio: u64,
    /// All output tokens, reasoning and audio ones included.
    pub output: u64,
    /// Output tokens spent on reasoning.
    pub reasoning: u64,
    /// Audio output tokens.
    pub output_audio: u64,
}

impl TokenCounts {
    /// Nothing was used.
    pub const NONE: Self = Self::from_array([0; Self::CLASSES]);

    /// How many classes of tokens are told apart.
    pub const CLASSES: usize = 7;

    /// What the classes are called, in the order of
    /// [`TokenCounts::to_array`].
    pub const NAMES: [&'static str; Self::CLASSES] = [
        "input",
        "cached_input",
        "cache_write",
        "input_audio",
        "output",
        "reasoning",
        "output_audio",
    ];

    /// All classes in a fixed order, in which they are stored: a new class
    /// goes to the end.
    pub const fn to_array(self) -> [u64; Self::CLASSES] {
        [
            self.input,
            self.cached_input,
            self.cache_write,
            self.input_audio,
            self.output,
            self.reasoning,
            self.output_audio,
        ]
    }

    /// From the order of [`TokenCounts::to_array`].
    pub const fn from_array(classes: [u64; Self::CLASSES]) -> Self {
        let [
            input,
            cached_input,
            cache_write,
            input_audio,
            output,
            reasoning,
            output_audio,
        ] = classes;
        Self {
            input,
            cached_input,
            cache_write,
            input_audio,
            output,
            reasoning,
            output_audio,
        }
    }

    /// Whether every part fits into its total, so that no class goes negative.
    pub fn is_consistent(&self) -> bool {
        let input_parts = sum([self.cached_input, self.cache_write, self.input_audio]);
        let output_parts = sum([self.reasoning, self.output_audio]);
        input_parts.is_some_and(|parts| parts <= self.input)
            && output_parts.is_some_and(|parts| parts <= self.output)
    }
}

fn sum<const N: usize>(counts: [u64; N]) -> Option<u64> {
    counts.into_iter().try_fold(0_u64, u64::checked_add)
}

/// How sure we are of a call's token counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// The provider reported them and they are plausible.
    Reported,
    /// Counted from what was sent and received.
    Estimated,
}

#[cfg(test)]
mod tests {
    use super::TokenCounts;

    #[test]
    fn parts_fit_into_their_totals() {
        let counts = |input: [u64; 4], output: [u64; 3]| TokenCounts {
            input: input[0],
            cached_input: input[1],
            cache_write: input[2],
            input_audio: input[3],
            output: output[0],
            reasoning: output[1],
            output_audio: output[2],
        };
        let most = u64::MAX;
        for (input, output, is_consistent) in [
            ([0; 4], [0; 3], true),
            ([6, 1, 2, 3], [5, 2, 3], true),
            ([7, 1, 2, 3], [6, 2, 3], true),
            ([5, 1, 2, 3], [5, 2, 3], false),
            ([6, 1, 2, 3], [4, 2, 3], false),
            ([5, 1, 2, 3], [4, 2, 3], false),
            ([most, most, 0, 0], [most, 0, most], true),
            ([most, most, 1, 0], [0; 3], false),
            ([0; 4], [most, 1, most], false),
        ] {
            let counts = counts(input, output);
            assert_eq!(counts.is_consistent(), is_consistent, "{counts:?}");
        }
    }
}
