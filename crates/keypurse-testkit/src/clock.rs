//! Time that moves when told.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use keypurse_core::time::{Clock, Timestamp};

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct FakeClock {
    micros: AtomicI64,
    is_behind: AtomicBool,
}

impl FakeClock {
    /// Stands at an instant such as `2026-11-21T12:00:00Z`.
    pub fn at(instant: &str) -> Self {
        let clock = Self {
            micros: AtomicI64::new(0),
            is_behind: AtomicBool::new(false),
        };
        clock.set(instant);
        clock
    }

    /// Moves to an instant, backwards too.
    pub fn set(&self, instant: &str) {
        let instant = Timestamp::parse(instant).expect("a test writes valid instants");
        self.micros.store(instant.micros(), Ordering::SeqCst);
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

    fn is_behind(&self) -> bool {
        self.is_behind.load(Ordering::SeqCst)
    }
}
