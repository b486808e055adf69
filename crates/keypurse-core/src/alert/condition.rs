//! What an alert waits for.

use crate::money::Money;

/// The shortest window a rate is measured over, in seconds.
pub const SHORTEST_WINDOW_SECONDS: u32 = 60;
/// The longest window a rate is measured over: a day.
pub const LONGEST_WINDOW_SECONDS: u32 = 86_400;
/// The shortest notice of an expiry, in seconds.
pub const MIN_EXPIRY_SECONDS: u32 = 60;
/// The longest notice of an expiry: 366 days.
pub const MAX_EXPIRY_SECONDS: u32 = 366 * 86_400;
/// The most calls a share of errors can ask for.
pub const MOST_CALLS: u32 = 1_000_000;

/// What an alert waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertCondition {
    /// Less than this is left.
    BalanceBelow(Money),
    /// Less than this share of the budget is left. The budget is what a period
    /// starts with, else what the last funding led to.
    BalanceShareBelow {
        /// 1 to 100.
        percent: u8,
    },
    /// More than this was spent within the window.
    SpendRateAbove {
        /// How much.
        amount: Money,
        /// How long the window is.
        window_seconds: u32,
    },
    /// The token expires within this time.
    ExpiringWithin {
        /// How long before.
        seconds: u32,
    },
    /// Nothing is left: priced calls are refused.
    Exhausted,
    /// More than this share of the calls within the window did not end well.
    ErrorRateAbove {
        /// 1 to 99.
        percent: u8,
        /// How long the window is.
        window_seconds: u32,
        /// With fewer calls a share says nothing.
        least_calls: u32,
    },
    /// A provider fails again and again.
    ProviderDown,
}

impl AlertCondition {
    /// How long a window it measures, in seconds.
    pub fn window_seconds(&self) -> Option<u32> {
        match self {
            Self::SpendRateAbove { window_seconds, .. }
            | Self::ErrorRateAbove { window_seconds, .. } => Some(*window_seconds),
            Self::BalanceBelow(_)
            | Self::BalanceShareBelow { .. }
            | Self::ExpiringWithin { .. }
            | Self::Exhausted
            | Self::ProviderDown => None,
        }
    }
}
