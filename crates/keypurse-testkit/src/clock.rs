//! Time that moves when told.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use keypurse_core::time::{Clock, Timestamp};

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct FakeClock {
    micros: AtomicI64,
    /// What has passed for certain is not after this.
    proven: AtomicI64,
    is_behind: AtomicBool,
}

impl FakeClock {
    /// Stands at an instant such as `2026-11-21T12:00:00Z`.
    pub fn at(instant: &str) -> Self {
        let clock = Self {
            micros: AtomicI64::new(0),
            proven: AtomicI64::new(i64::MAX),
            is_behind: AtomicBool::new(false),
        };
        clock.set(instant);
        clock
    }

    /// Moves to an instant, backwards too.
    pub fn set(&self, instant: &str) {
        let instant = Timestamp::parse(instant).expect("a test writes valid instants");
        self.micros.store(instant.micros(), Ordering::SeqCst);
        self.proven.store(i64::MAX, Ordering::SeqCst);
    }

    /// Says another instant until it is set, as a clock does that is wrong: no
    /// time has passed for certain.
    pub fn jump(&self, instant: &str) {
        let proven = self.now();
        self.set(instant);
        self.proven.store(proven.micros(), Ordering::SeqCst);
    }

    /// Is known to be wrong from now on.
    pub fn falls_behind(&self) {
        self.is_behind.store(true, Ordering::SeqCst);
    }

    /// Is right again.
    pub fn catches_up(&self) {
        self.is_behind.store(false, Ordering::SeqCst);
    }

    /// Moves on by milliseconds.
    pub fn advance_ms(&self, millis: i64) {
        self.micros.fetch_add(millis * 1000, Ordering::SeqCst);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.micros.load(Ordering::SeqCst))
    }

    fn proven(&self) -> Timestamp {
        let certain = Timestamp::from_micros(self.proven.load(Ordering::SeqCst));
        self.now().min(certain)
    }

    fn is_behind(&self) -> bool {
        self.is_behind.load(Ordering::SeqCst)
    }
}
