//! How busy it is now.

use std::fmt;

use keypurse_core::time::Timestamp;
use keypurse_store::ListedCall;

use crate::dashboard::calls::has_failed;

/// A rate goes by so many seconds, and by so many calls at most: whatever the
/// load is, looking costs the same.
pub(in crate::dashboard) const WINDOW_SECONDS: i64 = 60;
pub(in crate::dashboard) const MOST_CALLS: usize = 1000;

/// Calls per second, in tenths, and how many of those looked at failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dashboard) struct Rate {
    tenths: i64,
    pub(in crate::dashboard) errors: usize,
}

impl Rate {
    /// From the calls of the last minute, newest first.
    pub(in crate::dashboard) fn of(calls: &[ListedCall], now: Timestamp) -> Self {
        let seconds = match calls.last() {
            Some(oldest) if calls.len() >= MOST_CALLS => {
                (now.seconds() - oldest.finished_at.seconds()).clamp(1, WINDOW_SECONDS)
            }
            Some(_) | None => WINDOW_SECONDS,
        };
        let count = i64::try_from(calls.len()).expect("a page is short");
        Self {
            tenths: (count * 10 + seconds / 2) / seconds,
            errors: calls.iter().filter(|call| has_failed(call)).count(),
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.tenths / 10, self.tenths % 10)
    }
}
