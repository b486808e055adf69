//! What the writer counts about itself.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use keypurse_store::{Distribution, WriterVitals};

/// Upper bounds of durations, in microseconds.
const MICROS: &[u64] = &[
    50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000,
    5_000_000,
];
const SIZES: &[u64] = &[1, 2, 4, 8, 16, 32, 64, 128, 256];

/// Counters of the writer, read by others.
#[derive(Debug)]
pub(crate) struct Meters {
    batch_sizes: Distribution,
    decide: Distribution,
    commit: Distribution,
    checkpoint: Distribution,
    failed_batches: AtomicU64,
    /// Whether rows of purses do not tell their balances yet.
    is_behind: AtomicBool,
}

impl Default for Meters {
    fn default() -> Self {
        Self {
            batch_sizes: Distribution::over(SIZES),
            decide: Distribution::over(MICROS),
            commit: Distribution::over(MICROS),
            checkpoint: Distribution::over(MICROS),
            failed_batches: AtomicU64::new(0),
            is_behind: AtomicBool::new(false),
        }
    }
}

impl Meters {
    /// A transaction of so many operations was decided from `began` to
    /// `decided`, and is on disk now.
    pub(super) fn committed(&self, operations: usize, began: Instant, decided: Instant) {
        self.batch_sizes.add(operations as u64);
        self.decide.add(micros(decided - began));
        self.commit.add(micros(decided.elapsed()));
    }

    /// Whether rows of purses are behind what was answered.
    pub(super) fn set_behind(&self, is_behind: bool) {
        self.is_behind.store(is_behind, Ordering::Release);
    }

    /// Whether they are.
    pub(crate) fn is_behind(&self) -> bool {
        self.is_behind.load(Ordering::Acquire)
    }

    pub(super) fn failed(&self) {
        self.failed_batches.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn checkpointed(&self, took: Duration) {
        self.checkpoint.add(micros(took));
    }

    pub(crate) fn read(&self, (waiting, may_wait): (usize, usize)) -> WriterVitals {
        WriterVitals {
            waiting,
            may_wait,
            batch_sizes: self.batch_sizes.read(),
            decide_micros: self.decide.read(),
            commit_micros: self.commit.read(),
            checkpoint_micros: self.checkpoint.read(),
            failed_batches: self.failed_batches.load(Ordering::Relaxed),
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
