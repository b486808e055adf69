//! What is counted beside tokens.

/// What one call used that is no tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Units {
    /// Characters of a text that was spoken.
    pub characters: u64,
    /// Seconds of sound that was listened to; a part of one is one.
    pub input_seconds: u64,
    /// Seconds of sound that was made; a part of one is one.
    pub output_seconds: u64,
    /// Images that were made.
    pub images: u64,
}

impl Units {
    /// Nothing beside tokens.
    pub const NONE: Self = Self {
        characters: 0,
        input_seconds: 0,
        output_seconds: 0,
        images: 0,
    };

    /// Whether none of it is more than in `most`.
    pub fn are_within(&self, most: &Self) -> bool {
        self.characters <= most.characters
            && self.input_seconds <= most.input_seconds
            && self.output_seconds <= most.output_seconds
            && self.images <= most.images
    }

    /// The less of each.
    #[must_use]
    pub fn at_most(&self, most: &Self) -> Self {
        Self {
            characters: self.characters.min(most.characters),
            input_seconds: self.input_seconds.min(most.input_seconds),
            output_seconds: self.output_seconds.min(most.output_seconds),
            images: self.images.min(most.images),
        }
    }
}
