//! What can have a price of its own.

/// A class of units with a price of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Input tokens that are nothing special.
    Input,
    /// Text read from the provider's cache.
    CachedInput,
    /// Written to the provider's cache, for minutes.
    CacheWrite,
    /// Audio input.
    InputAudio,
    /// Output tokens that are nothing special.
    Output,
    /// Reasoning that the answer does not show, or shows apart.
    Reasoning,
    /// Audio output.
    OutputAudio,
    /// Audio read from the provider's cache.
    CachedAudio,
    /// Written to the provider's cache for an hour.
    CacheWriteLong,
    /// Image input.
    InputImage,
    /// Image output.
    OutputImage,
    /// The call itself, where it costs something beside its tokens.
    Request,
    /// Characters of a text that is to be spoken.
    Characters,
    /// Seconds of sound that was listened to.
    InputSeconds,
    /// Seconds of sound that was made.
    OutputSeconds,
    /// Images that were made.
    Images,
}

/// Classes that are part of the input. No token is in two of them.
pub const INPUT_PARTS: [Class; 6] = [
    Class::CachedInput,
    Class::CacheWrite,
    Class::InputAudio,
    Class::CachedAudio,
    Class::CacheWriteLong,
    Class::InputImage,
];

/// Classes that are part of the output. No token is in two of them.
pub const OUTPUT_PARTS: [Class; 3] = [Class::Reasoning, Class::OutputAudio, Class::OutputImage];

/// Classes that are no tokens: what is neither asked for nor counted has none.
pub const UNITS: [Class; 4] = [
    Class::Characters,
    Class::InputSeconds,
    Class::OutputSeconds,
    Class::Images,
];

impl Class {
    /// Every class, in the order in which prices are written.
    pub const ALL: [Self; 16] = [
        Self::Input,
        Self::Output,
        Self::CachedInput,
        Self::CacheWrite,
        Self::InputAudio,
        Self::Reasoning,
        Self::OutputAudio,
        Self::CachedAudio,
        Self::CacheWriteLong,
        Self::InputImage,
        Self::OutputImage,
        Self::Request,
        Self::Characters,
        Self::InputSeconds,
        Self::OutputSeconds,
        Self::Images,
    ];

    /// The name a stored price has for it. Never changed: old charges are
    /// recomputed from it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
            Self::CachedInput => "cached_input",
            Self::CacheWrite => "cache_write",
            Self::InputAudio => "input_audio",
            Self::Reasoning => "reasoning",
            Self::OutputAudio => "output_audio",
            Self::CachedAudio => "cached_audio",
            Self::CacheWriteLong => "cache_write_long",
            Self::InputImage => "input_image",
            Self::OutputImage => "output_image",
            Self::Request => "request",
            Self::Characters => "characters",
            Self::InputSeconds => "input_seconds",
            Self::OutputSeconds => "output_seconds",
            Self::Images => "images",
        }
    }

    /// Reads what [`Class::as_str`] wrote.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == name)
    }
}
