//! What one call used, in the classes that have prices of their own.

mod class;
mod counts;
mod tier;
mod units;

pub use class::{Class, INPUT_PARTS, OUTPUT_PARTS, UNITS};
pub use counts::{COUNTS, TokenCounts};
pub use tier::ServiceTier;
pub use units::Units;

/// How sure we are of a call's token counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// The provider reported them and they are plausible.
    Reported,
    /// Counted from what was sent and received.
    Estimated,
}

#[cfg(test)]
mod tests;
