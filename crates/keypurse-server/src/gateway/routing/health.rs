//! How a provider did lately: whether it fails, how fast it is, how many calls
//! it has at once, and what may be tried again there.
//!
//! A few counters without a lock. They are hints for an order and a bound for
//! extra calls; a restart forgets them.

use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use keypurse_core::time::Timestamp;
use tokio::sync::{Semaphore, SemaphorePermit};

/// After so many failures in a row a provider is asked last.
const FAILURES: u32 = 5;
/// For so long, then one call tries it again.
const PAUSE_SECONDS: i64 = 10;
/// Calls that earn one that is tried again: ten percent.
const CALLS_PER_RETRY: u32 = 10;
/// So many retries are saved up at most.
const MOST_RETRIES: u32 = 10;
/// How much of an average is older than the last value: seven eighths.
const SMOOTHING: u32 = 3;
/// How long a call waits for its turn when nobody else can answer it.
const PATIENCE: Duration = Duration::from_millis(500);

/// What is known of a provider.
#[derive(Debug)]
pub(in crate::gateway) struct Health {
    /// Failures in a row.
    failures: AtomicU32,
    /// Until when it is asked last, in microseconds; 0 while it is well.
    paused_until: AtomicI64,
    /// Calls that have not been spent on a retry.
    earned: AtomicU32,
    /// Average time to the first byte, in microseconds; 0: not known.
    latency: AtomicU64,
    /// Average output tokens per 1000 seconds; 0: not known.
    speed: AtomicU64,
    /// `None`: as many calls at once as come.
    places: Option<Semaphore>,
}

/// A call's place among those a provider has at once.
pub(in crate::gateway) type Place<'a> = Option<SemaphorePermit<'a>>;

/// All places are taken.
#[derive(Debug)]
pub(in crate::gateway) struct Busy;

impl Health {
    /// Of a provider nobody has called yet.
    pub(in crate::gateway) fn new(max_concurrency: Option<usize>) -> Self {
        Self {
            failures: AtomicU32::new(0),
            paused_until: AtomicI64::new(0),
            earned: AtomicU32::new(0),
            latency: AtomicU64::new(0),
            speed: AtomicU64::new(0),
            places: max_concurrency.map(|most| Semaphore::new(most.min(Semaphore::MAX_PERMITS))),
        }
    }

    /// A call is about to leave for the first time.
    pub(in crate::gateway) fn earn(&self) {
        if self.earned.load(Ordering::Relaxed) < MOST_RETRIES * CALLS_PER_RETRY {
            self.earned.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether a call may leave once more. At most one in ten does, however
    /// many fail.
    pub(in crate::gateway) fn take_retry(&self) -> bool {
        let take = |earned: u32| earned.checked_sub(CALLS_PER_RETRY);
        let taken = self
            .earned
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        taken.is_ok()
    }

    /// It answered, after this long.
    pub(in crate::gateway) fn answered(&self, latency: Duration) {
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
            self.paused_until.store(0, Ordering::Relaxed);
        }
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        blend(&self.latency, micros.max(1));
    }

    /// It did not, though the request was none to refuse.
    pub(in crate::gateway) fn failed(&self, now: Timestamp) {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        if failures >= FAILURES {
            let until = now.plus_seconds(PAUSE_SECONDS).micros();
            self.paused_until.store(until, Ordering::Relaxed);
        }
    }

    /// It said so many output tokens in this time.
    pub(in crate::gateway) fn spoke(&self, output_tokens: u64, took: Duration) {
        let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
        if output_tokens > 0 {
            let speed = output_tokens.saturating_mul(1_000_000) / millis;
            blend(&self.speed, speed.max(1));
        }
    }

    /// Whether it is to be asked after others. Once a pause is over, one call
    /// tries it, and the others wait for how that ends.
    pub(in crate::gateway) fn is_paused(&self, now: Timestamp) -> bool {
        let until = self.paused_until.load(Ordering::Relaxed);
        if until == 0 {
            return false;
        }
        if now.micros() < until {
            return true;
        }
        let next = now.plus_seconds(PAUSE_SECONDS).micros();
        let claimed =
            self.paused_until
                .compare_exchange(until, next, Ordering::Relaxed, Ordering::Relaxed);
        claimed.is_err()
    }

    /// Whether it fails again and again. `None`: it has neither answered nor
    /// failed often enough to tell.
    pub(in crate::gateway) fn is_down(&self) -> Option<bool> {
        if self.paused_until.load(Ordering::Relaxed) != 0 {
            return Some(true);
        }
        self.latency().map(|_| false)
    }

    /// Average time to the first byte, in microseconds. `None`: not known.
    pub(in crate::gateway) fn latency(&self) -> Option<u64> {
        Some(self.latency.load(Ordering::Relaxed)).filter(|latency| *latency > 0)
    }

    /// Average output tokens per 1000 seconds. `None`: not known.
    pub(in crate::gateway) fn speed(&self) -> Option<u64> {
        Some(self.speed.load(Ordering::Relaxed)).filter(|speed| *speed > 0)
    }

    /// A place for a call: waited for a while only when nobody else could
    /// answer it.
    pub(in crate::gateway) async fn place(&self, has_others: bool) -> Result<Place<'_>, Busy> {
        let Some(places) = &self.places else {
            return Ok(None);
        };
        if let Ok(place) = places.try_acquire() {
            return Ok(Some(place));
        }
        if has_others {
            return Err(Busy);
        }
        match tokio::time::timeout(PATIENCE, places.acquire()).await {
            Ok(Ok(place)) => Ok(Some(place)),
            Ok(Err(_)) | Err(_) => Err(Busy),
        }
    }
}

/// Lost updates do not matter: it is an average.
fn blend(average: &AtomicU64, value: u64) {
    let before = average.load(Ordering::Relaxed);
    let after = if before == 0 {
        value
    } else {
        before - (before >> SMOOTHING) + (value >> SMOOTHING)
    };
    average.store(after.max(1), Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::{FAILURES, Health, MOST_RETRIES, PAUSE_SECONDS};
    use keypurse_core::time::Timestamp;
    use std::time::Duration;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::default().plus_seconds(1 + seconds)
    }

    #[test]
    fn h8_at_most_one_call_in_ten_is_tried_again() {
        let health = Health::new(None);
        assert!(!health.take_retry(), "nothing is earned yet");
        let mut retries = 0;
        for _ in 0..1000 {
            health.earn();
            retries += u32::from(health.take_retry());
        }
        assert_eq!(retries, 100);
        for _ in 0..1000 {
            health.earn();
        }
        let burst = (0..1000).filter(|_| health.take_retry()).count();
        assert_eq!(burst, MOST_RETRIES as usize, "no more are saved up");
    }

    #[test]
    fn h8_a_provider_that_fails_is_paused_and_then_tried_by_one_call() {
        let health = Health::new(None);
        for _ in 0..FAILURES - 1 {
            health.failed(at(0));
            assert!(!health.is_paused(at(0)));
        }
        health.failed(at(0));
        assert!(health.is_paused(at(0)) && health.is_paused(at(PAUSE_SECONDS - 1)));
        assert!(!health.is_paused(at(PAUSE_SECONDS)), "one tries it");
        assert!(health.is_paused(at(PAUSE_SECONDS)), "the others wait");
        health.failed(at(PAUSE_SECONDS));
        assert!(health.is_paused(at(2 * PAUSE_SECONDS - 1)));
        assert!(!health.is_paused(at(2 * PAUSE_SECONDS)));
        health.answered(Duration::from_millis(1));
        assert!(!health.is_paused(at(2 * PAUSE_SECONDS)));
    }

    #[test]
    fn averages_follow_what_is_seen() {
        let health = Health::new(None);
        assert_eq!((health.latency(), health.speed()), (None, None));
        health.answered(Duration::from_millis(8));
        assert_eq!(health.latency(), Some(8000));
        health.answered(Duration::from_millis(16));
        assert_eq!(health.latency(), Some(9000));
        health.spoke(50, Duration::from_secs(1));
        health.spoke(0, Duration::from_secs(9));
        assert_eq!(health.speed(), Some(50_000));
    }

    #[tokio::test]
    async fn no_more_calls_than_places_at_once() {
        let health = Health::new(Some(1));
        let place = health.place(false).await.unwrap();
        assert!(health.place(true).await.is_err());
        drop(place);
        assert!(health.place(true).await.unwrap().is_some());
    }
}
