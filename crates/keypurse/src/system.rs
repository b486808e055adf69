//! The real clock and the real randomness: read here and nowhere else.

use std::time::{SystemTime, UNIX_EPOCH};

use keypurse_core::entropy::Entropy;
use keypurse_core::time::{Clock, Timestamp};
use rustix::time::{ClockId, clock_gettime};

use crate::clock::TimeSource;

/// The operating system's clock.
#[derive(Debug)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the clock"
    )]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// The operating system's clocks, for a [`crate::clock::NodeClock`].
#[derive(Debug)]
pub(crate) struct SystemTimeSource;

impl TimeSource for SystemTimeSource {
    fn wall(&self) -> i64 {
        SystemClock.now().micros()
    }

    fn elapsed(&self) -> i64 {
        let now = clock_gettime(BOOT);
        now.tv_sec * 1_000_000 + now.tv_nsec / 1_000
    }
}

/// Counts suspended time where the system has such a clock.
#[cfg(target_os = "linux")]
const BOOT: ClockId = ClockId::Boottime;
#[cfg(not(target_os = "linux"))]
const BOOT: ClockId = ClockId::Monotonic;

/// The operating system's randomness.
#[derive(Debug)]
pub(crate) struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        // Without randomness no secret is safe, so nothing may go on.
        getrandom::fill(buffer).expect("the operating system gives random bytes");
    }
}
