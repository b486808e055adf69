//! What one call used, as numbers.

use super::{Class, INPUT_PARTS, OUTPUT_PARTS, ServiceTier, Units};

/// How many numbers [`TokenCounts::to_array`] has.
pub const COUNTS: usize = 17;
/// Where the tier, which is no count, is among them.
const TIER: usize = 12;

/// Token counts of one call. `input` and `output` are totals; the other
/// tokens are parts of them that are priced apart, and no token is in two
/// parts: a cached audio token is not also an audio or a cached one. What is
/// counted beside tokens is part of nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenCounts {
    /// All input tokens.
    pub input: u64,
    /// Text tokens read from the provider's cache.
    pub cached_input: u64,
    /// Tokens written to the provider's cache, for minutes.
    pub cache_write: u64,
    /// Audio input tokens that did not come from the cache.
    pub input_audio: u64,
    /// All output tokens.
    pub output: u64,
    /// Output tokens spent on reasoning.
    pub reasoning: u64,
    /// Audio output tokens.
    pub output_audio: u64,
    /// Audio tokens read from the provider's cache.
    pub cached_audio: u64,
    /// Tokens written to the provider's cache for an hour.
    pub cache_write_long: u64,
    /// Image input tokens.
    pub input_image: u64,
    /// Image output tokens.
    pub output_image: u64,
    /// How often the price of the call itself is charged, beside its tokens.
    pub requests: u64,
    /// The tier of service the call had.
    pub tier: ServiceTier,
    /// What was used beside tokens.
    pub units: Units,
}

impl TokenCounts {
    /// Nothing was used.
    pub const NONE: Self = Self {
        input: 0,
        cached_input: 0,
        cache_write: 0,
        input_audio: 0,
        output: 0,
        reasoning: 0,
        output_audio: 0,
        cached_audio: 0,
        cache_write_long: 0,
        input_image: 0,
        output_image: 0,
        requests: 0,
        tier: ServiceTier::Standard,
        units: Units::NONE,
    };

    /// What the counts are called, in the order of [`TokenCounts::named`].
    pub const NAMES: [&'static str; COUNTS - 1] = [
        "input",
        "cached_input",
        "cache_write",
        "input_audio",
        "output",
        "reasoning",
        "output_audio",
        "cached_audio",
        "cache_write_long",
        "input_image",
        "output_image",
        "requests",
        "characters",
        "input_seconds",
        "output_seconds",
        "images",
    ];

    /// The counts by their names; the tier is none.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let numbers = self.to_array();
        let counts = (0..COUNTS).filter(|at| *at != TIER);
        Self::NAMES
            .into_iter()
            .zip(counts.map(move |at| numbers[at]))
    }

    /// Whether every part fits into its total, so that no class goes negative.
    pub fn is_consistent(&self) -> bool {
        let fits = |parts: &[Class], total| {
            let sum = parts
                .iter()
                .try_fold(0_u64, |sum, part| sum.checked_add(self.of(*part)));
            sum.is_some_and(|sum| sum <= total)
        };
        fits(&INPUT_PARTS, self.input) && fits(&OUTPUT_PARTS, self.output)
    }

    /// The units of one class. [`Class::Input`] and [`Class::Output`] are what
    /// the parts leave of the totals.
    pub(crate) fn of(&self, class: Class) -> u64 {
        let sum = |parts: &[Class]| parts.iter().map(|part| self.of(*part)).sum::<u64>();
        match class {
            Class::Input => self.input - sum(&INPUT_PARTS),
            Class::Output => self.output - sum(&OUTPUT_PARTS),
            Class::CachedInput => self.cached_input,
            Class::CacheWrite => self.cache_write,
            Class::InputAudio => self.input_audio,
            Class::Reasoning => self.reasoning,
            Class::OutputAudio => self.output_audio,
            Class::CachedAudio => self.cached_audio,
            Class::CacheWriteLong => self.cache_write_long,
            Class::InputImage => self.input_image,
            Class::OutputImage => self.output_image,
            Class::Request => self.requests,
            Class::Characters => self.units.characters,
            Class::InputSeconds => self.units.input_seconds,
            Class::OutputSeconds => self.units.output_seconds,
            Class::Images => self.units.images,
        }
    }

    /// All of it as numbers, in an order that never changes: new ones are
    /// added at the end, where a row that does not have them yet means 0.
    ///
    /// `input, cached_input, cache_write, input_audio, output, reasoning,
    /// output_audio, cached_audio, cache_write_long, input_image,
    /// output_image, requests, tier, characters, input_seconds,
    /// output_seconds, images`
    pub fn to_array(&self) -> [u64; COUNTS] {
        [
            self.input,
            self.cached_input,
            self.cache_write,
            self.input_audio,
            self.output,
            self.reasoning,
            self.output_audio,
            self.cached_audio,
            self.cache_write_long,
            self.input_image,
            self.output_image,
            self.requests,
            u64::from(self.tier.code()),
            self.units.characters,
            self.units.input_seconds,
            self.units.output_seconds,
            self.units.images,
        ]
    }

    /// Reads what [`TokenCounts::to_array`] wrote. `None` when it names a tier
    /// that does not exist.
    pub fn from_array(numbers: [u64; COUNTS]) -> Option<Self> {
        let [
            input,
            cached_input,
            cache_write,
            input_audio,
            output,
            reasoning,
            output_audio,
            cached_audio,
            cache_write_long,
            input_image,
            output_image,
            requests,
            tier,
            characters,
            input_seconds,
            output_seconds,
            images,
        ] = numbers;
        Some(Self {
            input,
            cached_input,
            cache_write,
            input_audio,
            output,
            reasoning,
            output_audio,
            cached_audio,
            cache_write_long,
            input_image,
            output_image,
            requests,
            tier: ServiceTier::from_code(tier)?,
            units: Units {
                characters,
                input_seconds,
                output_seconds,
                images,
            },
        })
    }
}
