//! What a backend brings: stores of its own, and ways to end them.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use keypurse_core::money::Money;
use keypurse_core::time::{Clock, Timestamp};

use crate::Store;

/// A kind of store under test. One value is one store at work.
pub trait Backend: Sized {
    /// An empty store that runs by this clock, its days those of UTC.
    fn fresh(clock: Arc<dyn Clock>) -> Self;

    /// The store.
    fn store(&self) -> &dyn Store;

    /// Waits for work on the store, and panics should the store break down
    /// meanwhile.
    fn wait<F: Future>(&self, work: F) -> F::Output;

    /// The process is killed now; the next one starts from what is on disk.
    #[must_use]
    fn crashed(self) -> Self;

    /// Closed in order, then opened again.
    #[must_use]
    fn reopened(self) -> Self;

    /// Proves the books beside the running store, and says what they hold.
    fn audited(&self) -> Books;
}

/// What an audit finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Books {
    /// What all calls were charged.
    pub charged: Money,
    /// What the house bore.
    pub house: Money,
    /// Calls under way.
    pub open_holds: u64,
    /// Money held for them.
    pub held: Money,
}

/// A clock the model sets.
#[derive(Debug, Default)]
pub struct ModelClock {
    micros: AtomicI64,
}

impl ModelClock {
    /// Shows this instant from now on.
    pub fn set(&self, micros: i64) {
        self.micros.store(micros, Ordering::SeqCst);
    }
}

impl Clock for ModelClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.micros.load(Ordering::SeqCst))
    }
}
