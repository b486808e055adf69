//! What one call can come to be charged for, known before it leaves.

use super::quote::Band;
use crate::usage::{Class, INPUT_PARTS, OUTPUT_PARTS, ServiceTier, TokenCounts, UNITS};

/// The classes and tiers a call can reach. Text that is read, cached, written
/// to a cache for minutes, answered and reasoned about always can be; what a
/// call must bring along or ask for is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    classes: u32,
    tiers: u8,
}

const TEXT: [Class; 6] = [
    Class::Input,
    Class::CachedInput,
    Class::CacheWrite,
    Class::Output,
    Class::Reasoning,
    Class::Request,
];

impl Reach {
    /// A call of text at the standard tier.
    pub fn text() -> Self {
        let nothing = Self {
            classes: 0,
            tiers: tier_bit(ServiceTier::Standard),
        };
        TEXT.into_iter().fold(nothing, Self::with)
    }

    /// Whatever a call can be charged for.
    pub fn everything() -> Self {
        let all = Class::ALL.into_iter().fold(Self::text(), Self::with);
        ServiceTier::ALL.into_iter().fold(all, Self::with_tier)
    }

    /// And this class; with cached audio also audio, whose price it may have.
    #[must_use]
    pub fn with(self, class: Class) -> Self {
        let implied = match class {
            Class::CachedAudio => class_bit(Class::InputAudio),
            _ => 0,
        };
        Self {
            classes: self.classes | class_bit(class) | implied,
            ..self
        }
    }

    /// And this tier.
    #[must_use]
    pub fn with_tier(self, tier: ServiceTier) -> Self {
        Self {
            tiers: self.tiers | tier_bit(tier),
            ..self
        }
    }

    /// Whether a call can be charged for this class.
    pub fn has(&self, class: Class) -> bool {
        self.classes & class_bit(class) != 0
    }

    /// Whether a call can be charged at this tier.
    pub fn has_tier(&self, tier: ServiceTier) -> bool {
        self.tiers & tier_bit(tier) != 0
    }

    /// Whether nothing was counted that a call cannot reach.
    ///
    /// Panics when `counts` are not consistent.
    pub fn covers(&self, counts: &TokenCounts) -> bool {
        let parts = INPUT_PARTS.into_iter().chain(OUTPUT_PARTS).chain(UNITS);
        let mut beyond = parts.filter(|part| !self.has(*part));
        self.has_tier(counts.tier) && beyond.all(|part| counts.of(part) == 0)
    }

    pub(super) fn narrow(self, band: &Band) -> Band {
        let mut rates = band.rates;
        for class in Class::ALL {
            if !self.has(class) {
                rates.set(class, None);
            }
        }
        Band { rates, ..*band }
    }
}

const fn class_bit(class: Class) -> u32 {
    1 << class as u32
}

const fn tier_bit(tier: ServiceTier) -> u8 {
    1 << tier.code()
}
