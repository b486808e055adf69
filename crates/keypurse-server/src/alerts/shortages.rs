//! Purses a call was refused for, since somebody last looked.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use keypurse_core::ledger::PurseId;

/// So many are remembered: more would be news of the same kind.
const MOST: usize = 100_000;

/// Purses that could not pay for a call. Hints: a restart forgets them.
#[derive(Debug, Default)]
pub struct Shortages {
    purses: Mutex<HashSet<PurseId>>,
}

impl Shortages {
    /// A call was refused for want of money.
    pub fn note(&self, purse: PurseId) {
        let mut purses = self.purses.lock().unwrap_or_else(PoisonError::into_inner);
        if purses.len() < MOST {
            purses.insert(purse);
        }
    }

    /// Those noted since the last time.
    pub fn take(&self) -> HashSet<PurseId> {
        std::mem::take(&mut *self.purses.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
