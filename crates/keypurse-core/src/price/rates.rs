//! What each class of units costs.

use crate::money::Money;
use crate::usage::{Class, INPUT_PARTS, OUTPUT_PARTS, TokenCounts, UNITS, Units};

/// Nano-dollars per million units. `Rate(500_000_000)` is $0.50 per million.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate {
    pub(super) nanos_per_million: i64,
}

impl Rate {
    /// Costs nothing.
    pub const FREE: Self = Self {
        nanos_per_million: 0,
    };

    /// A rate in dollars per million units. `None` when negative: usage must
    /// never credit.
    pub fn per_million(dollars: Money) -> Option<Self> {
        (dollars >= Money::ZERO).then_some(Self {
            nanos_per_million: dollars.nanos(),
        })
    }

    /// A rate in dollars for one unit. `None` when negative or beyond all
    /// money.
    pub fn per_unit(dollars: Money) -> Option<Self> {
        let nanos = dollars.nanos().checked_mul(1_000_000)?;
        Self::per_million(Money::from_nanos(nanos))
    }

    /// A rate in dollars for so many units: an hour is 3600 seconds. Rounded up
    /// to a whole nano-dollar per million units. `None` when negative, beyond
    /// all money, or for no units.
    pub fn per_units(dollars: Money, units: u32) -> Option<Self> {
        let millions = i128::from(dollars.nanos()) * 1_000_000;
        let units = i128::from(units);
        let whole = millions.checked_div(units)? + i128::from(millions % units > 0);
        Self::per_million(Money::from_nanos(i64::try_from(whole).ok()?))
    }

    /// The rate as dollars per million units.
    pub const fn dollars_per_million(self) -> Money {
        Money::from_nanos(self.nanos_per_million)
    }

    pub(super) fn times(self, units: u64) -> i128 {
        i128::from(self.nanos_per_million) * i128::from(units)
    }
}

/// What each class costs. A class of tokens without a rate of its own costs
/// what it would be without its speciality: cached audio what audio costs, or
/// where that is as text what cached text costs; a long cache write what a
/// short one costs, others what their total costs
/// (`input` or `output`). What is no token and has no rate costs nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// Per million input tokens.
    pub input: Rate,
    /// Per million text tokens read from the provider's cache.
    pub cached_input: Option<Rate>,
    /// Per million tokens written to the provider's cache, for minutes.
    pub cache_write: Option<Rate>,
    /// Per million audio input tokens.
    pub input_audio: Option<Rate>,
    /// Per million output tokens.
    pub output: Rate,
    /// Per million reasoning tokens.
    pub reasoning: Option<Rate>,
    /// Per million audio output tokens.
    pub output_audio: Option<Rate>,
    /// Per million audio tokens read from the provider's cache.
    pub cached_audio: Option<Rate>,
    /// Per million tokens written to the provider's cache for an hour.
    pub cache_write_long: Option<Rate>,
    /// Per million image input tokens.
    pub input_image: Option<Rate>,
    /// Per million image output tokens.
    pub output_image: Option<Rate>,
    /// Per million calls, beside their tokens. `None`: a call costs nothing
    /// beside its tokens.
    pub request: Option<Rate>,
    /// Per million characters that are spoken.
    pub characters: Option<Rate>,
    /// Per million seconds of sound listened to.
    pub input_seconds: Option<Rate>,
    /// Per million seconds of sound made.
    pub output_seconds: Option<Rate>,
    /// Per million images made.
    pub images: Option<Rate>,
}

impl Rates {
    /// A class's own rate.
    pub fn of(&self, class: Class) -> Option<Rate> {
        match class {
            Class::Input => Some(self.input),
            Class::Output => Some(self.output),
            Class::CachedInput => self.cached_input,
            Class::CacheWrite => self.cache_write,
            Class::InputAudio => self.input_audio,
            Class::Reasoning => self.reasoning,
            Class::OutputAudio => self.output_audio,
            Class::CachedAudio => self.cached_audio,
            Class::CacheWriteLong => self.cache_write_long,
            Class::InputImage => self.input_image,
            Class::OutputImage => self.output_image,
            Class::Request => self.request,
            Class::Characters => self.characters,
            Class::InputSeconds => self.input_seconds,
            Class::OutputSeconds => self.output_seconds,
            Class::Images => self.images,
        }
    }

    pub(super) fn set(&mut self, class: Class, rate: Option<Rate>) {
        match class {
            Class::Input => self.input = rate.unwrap_or_default(),
            Class::Output => self.output = rate.unwrap_or_default(),
            Class::CachedInput => self.cached_input = rate,
            Class::CacheWrite => self.cache_write = rate,
            Class::InputAudio => self.input_audio = rate,
            Class::Reasoning => self.reasoning = rate,
            Class::OutputAudio => self.output_audio = rate,
            Class::CachedAudio => self.cached_audio = rate,
            Class::CacheWriteLong => self.cache_write_long = rate,
            Class::InputImage => self.input_image = rate,
            Class::OutputImage => self.output_image = rate,
            Class::Request => self.request = rate,
            Class::Characters => self.characters = rate,
            Class::InputSeconds => self.input_seconds = rate,
            Class::OutputSeconds => self.output_seconds = rate,
            Class::Images => self.images = rate,
        }
    }

    /// What a class is charged at.
    fn charged(&self, class: Class) -> Rate {
        let total = match class {
            Class::Reasoning | Class::OutputAudio | Class::OutputImage | Class::Output => {
                self.output
            }
            Class::Request
            | Class::Characters
            | Class::InputSeconds
            | Class::OutputSeconds
            | Class::Images => Rate::FREE,
            Class::CachedAudio => {
                let cached = self.input_audio.or(self.cached_input);
                cached.unwrap_or(self.input)
            }
            Class::CacheWriteLong => self.cache_write.unwrap_or(self.input),
            Class::Input
            | Class::CachedInput
            | Class::CacheWrite
            | Class::InputAudio
            | Class::InputImage => self.input,
        };
        self.of(class).unwrap_or(total)
    }

    pub(super) fn cost(&self, counts: &TokenCounts) -> i128 {
        self.cost_of(&Class::ALL, counts)
    }

    /// What is paid beside tokens and the call itself.
    pub(super) fn cost_of_units(&self, units: &Units) -> i128 {
        let counts = TokenCounts {
            units: *units,
            ..TokenCounts::NONE
        };
        self.cost_of(&UNITS, &counts)
    }

    /// A sum beyond all numbers is as large as they get, and beyond all money.
    fn cost_of(&self, classes: &[Class], counts: &TokenCounts) -> i128 {
        let costs = classes
            .iter()
            .map(|class| self.charged(*class).times(counts.of(*class)));
        costs.fold(0, i128::saturating_add)
    }

    /// The dearest of the classes that are no tokens.
    pub(super) fn worst_unit(&self) -> Rate {
        self.worst(&UNITS, Rate::FREE)
    }

    /// The dearest rate an input token can meet.
    pub(super) fn worst_input(&self) -> Rate {
        self.worst(&INPUT_PARTS, self.input)
    }

    /// The dearest rate an output token can meet.
    pub(super) fn worst_output(&self) -> Rate {
        self.worst(&OUTPUT_PARTS, self.output)
    }

    fn worst(&self, parts: &[Class], total: Rate) -> Rate {
        let stated = parts.iter().filter_map(|part| self.of(*part));
        stated.fold(total, Rate::max)
    }
}
