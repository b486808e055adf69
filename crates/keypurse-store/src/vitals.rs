//! How the store is doing, for whoever watches it.

use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use keypurse_core::money::Money;

use crate::error::StoreError;

/// How often a number fell below each of some bounds. Adding to it takes a few
/// nanoseconds and no lock.
#[derive(Debug)]
pub struct Distribution {
    /// Ascending; what is above the last is counted apart.
    bounds: &'static [u64],
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
}

/// A distribution at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distributed {
    /// Upper bounds, each included in its count.
    pub bounds: &'static [u64],
    /// How many fell under each bound and above the one before; one more at the
    /// end for those above all.
    pub counts: Vec<u64>,
    /// The sum of all numbers.
    pub sum: u64,
}

impl Distribution {
    /// An empty one over these bounds, which ascend.
    pub fn over(bounds: &'static [u64]) -> Self {
        Self {
            bounds,
            counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicU64::new(0),
        }
    }

    /// Adds a number.
    pub fn add(&self, number: u64) {
        let place = self.bounds.partition_point(|bound| *bound < number);
        self.counts[place].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(number, Ordering::Relaxed);
    }

    /// What was added so far.
    pub fn read(&self) -> Distributed {
        let counts = self.counts.iter();
        Distributed {
            bounds: self.bounds,
            counts: counts.map(|count| count.load(Ordering::Relaxed)).collect(),
            sum: self.sum.load(Ordering::Relaxed),
        }
    }
}

/// What the one who writes has done since the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriterVitals {
    /// Operations that wait to be decided.
    pub waiting: usize,
    /// So many may wait; a part is kept for what must not be refused.
    pub may_wait: usize,
    /// Operations decided in one transaction.
    pub batch_sizes: Distributed,
    /// Deciding and writing a transaction, before its commit, in microseconds.
    pub decide_micros: Distributed,
    /// Committing it, in microseconds: writing the log and flushing it to disk.
    pub commit_micros: Distributed,
    /// Writing the log back to the database, in microseconds.
    pub checkpoint_micros: Distributed,
    /// Transactions that were not written: a full disk.
    pub failed_batches: u64,
}

/// Money set aside for calls under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldNow {
    /// How many holds are open.
    pub holds: usize,
    /// How much they hold.
    pub money: Money,
}

/// What can be watched.
#[async_trait]
pub trait Vitals {
    /// What the writer has done; never waits.
    fn writer_vitals(&self) -> WriterVitals;

    /// What is held now; waits its turn, so it also shows that there is one.
    async fn held_now(&self) -> Result<HeldNow, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::Distribution;

    #[test]
    fn a_number_is_counted_under_the_first_bound_it_does_not_exceed() {
        let distribution = Distribution::over(&[10, 100]);
        for number in [0, 10, 11, 100, 101, 5_000] {
            distribution.add(number);
        }
        let read = distribution.read();
        assert_eq!((read.counts, read.sum), (vec![2, 2, 2], 5_222));
    }
}
