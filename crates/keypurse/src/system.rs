//! The real clock and the real randomness: read here and nowhere else.

use std::sync::{Mutex, PoisonError};
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

/// The same, fetched for many calls at a time: each needs a few bytes, and
/// asking takes longer than using them.
#[derive(Debug)]
pub(crate) struct FetchedEntropy(Mutex<Fetched>);

#[derive(Debug)]
struct Fetched {
    bytes: [u8; 512],
    used: usize,
}

impl FetchedEntropy {
    pub(crate) fn new() -> Self {
        let bytes = [0; 512];
        let used = bytes.len();
        Self(Mutex::new(Fetched { bytes, used }))
    }
}

impl Entropy for FetchedEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        let mut fetched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        fetched.fill(buffer);
    }
}

impl Fetched {
    fn fill(&mut self, buffer: &mut [u8]) {
        if buffer.len() > self.bytes.len() {
            return SystemEntropy.fill(buffer);
        }
        if buffer.len() > self.bytes.len() - self.used {
            SystemEntropy.fill(&mut self.bytes);
            self.used = 0;
        }
        let taken = &mut self.bytes[self.used..][..buffer.len()];
        buffer.copy_from_slice(taken);
        // It may be part of a secret now, which is no business of ours.
        taken.fill(0);
        self.used += buffer.len();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use keypurse_core::entropy::Entropy;

    use super::FetchedEntropy;

    #[test]
    fn no_bytes_are_given_twice() {
        let entropy = FetchedEntropy::new();
        let mut seen = HashSet::new();
        for _ in 0..100 {
            let mut some = [0; 16];
            entropy.fill(&mut some);
            assert!(seen.insert(some), "{some:?}");
        }
        let mut many = [0; 2048];
        entropy.fill(&mut many);
        assert!(many.chunks(16).all(|some| some != [0; 16]));
    }

    #[test]
    fn what_was_given_is_forgotten() {
        let entropy = FetchedEntropy::new();
        entropy.fill(&mut [0; 16]);
        let fetched = entropy.0.into_inner().unwrap();
        assert_eq!((fetched.used, &fetched.bytes[..16]), (16, &[0; 16][..]));
    }
}
