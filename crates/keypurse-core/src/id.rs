//! Identifiers, each of its own type so that they cannot be mixed up.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::entropy::Entropy;
use crate::time::Timestamp;

/// Bits of a call id's ordered half that count within one millisecond.
const SEQUENCE_BITS: u32 = 21;
/// Milliseconds until the year 2109, less 49 days: an id given out by a clock
/// that had jumped further leaves room for all that follow.
const LAST_MILLIS: u64 = (1 << (63 - SEQUENCE_BITS)) - (1 << 32);

macro_rules! row_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
    };
}

row_id!(
    /// An account: the tenant that owns credits and tokens.
    AccountId,
    "acc_"
);
row_id!(
    /// A custom token. Outlives its name: history belongs to the id.
    TokenId,
    "tok_"
);
row_id!(
    /// One secret of a token; rotation makes a new one.
    SecretId,
    "sec_"
);
row_id!(
    /// One sign-in to the dashboard.
    SessionId,
    "ses_"
);

/// One call to a model: 128 bits, the first 64 ordered in time.
///
/// Invariant: `ordered` is unique within a database and fits in an `i64`, so
/// that it can be an integer primary key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId {
    /// Milliseconds and a sequence number.
    pub ordered: i64,
    /// Unguessable.
    pub random: i64,
}

/// The call's name towards clients: `req_` and 32 hexadecimal digits.
impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "req_{:016x}{:016x}", self.ordered, self.random)
    }
}

/// Hands out call ids that never repeat, even when the clock steps back.
#[derive(Debug)]
pub struct CallIds {
    last: AtomicU64,
}

impl CallIds {
    /// Continues after the highest ordered half ever used in this database.
    pub fn after(highest: Option<i64>) -> Self {
        let last = highest.unwrap_or(0).max(0).unsigned_abs();
        Self {
            last: AtomicU64::new(last),
        }
    }

    /// A new id for a call that arrives `now`.
    pub fn next(&self, now: Timestamp, entropy: &dyn Entropy) -> CallId {
        let millis = u64::try_from(now.micros() / 1000).unwrap_or(0);
        let floor = millis.min(LAST_MILLIS) << SEQUENCE_BITS;
        let following = |last: u64| floor.max(last + 1);
        let previous = self
            .last
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
                Some(following(last))
            })
            .unwrap_or_else(|last| last);
        let mut random = [0; 8];
        entropy.fill(&mut random);
        let ordered = i64::try_from(following(previous)).expect("time fits for centuries");
        CallId {
            ordered,
            random: i64::from_le_bytes(random),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AccountId, CallIds};
    use crate::entropy::fixed::FixedEntropy;
    use crate::time::Timestamp;

    #[test]
    fn call_ids_ascend_even_when_the_clock_steps_back() {
        let ids = CallIds::after(None);
        let at =
            |seconds: i64| ids.next(Timestamp::from_micros(seconds * 1_000_000), &FixedEntropy);
        let (first, second, third) = (at(1_800_000_000), at(1_700_000_000), at(1_700_000_000));
        assert!(first < second && second < third);
        let restarted = CallIds::after(Some(third.ordered));
        assert!(restarted.next(Timestamp::from_micros(0), &FixedEntropy) > third);
    }

    #[test]
    fn a_call_id_tells_its_millisecond_and_shows_both_halves() {
        let ids = CallIds::after(None);
        let id = ids.next(Timestamp::from_micros(1_800_000_000_123_999), &FixedEntropy);
        assert_eq!(id.ordered, 1_800_000_000_123 * 2_097_152);
        let next = ids.next(Timestamp::from_micros(1_800_000_000_123_000), &FixedEntropy);
        assert_eq!(next.ordered, id.ordered + 1);
        assert_eq!(id.random, 0x0706_0504_0302_0100);
        let shown = format!("req_{:016x}0706050403020100", id.ordered);
        assert_eq!(id.to_string(), shown);
        assert_eq!(AccountId(7).to_string(), "acc_7");
    }

    #[test]
    fn a_clock_that_was_far_ahead_leaves_ids_for_later() {
        let ids = CallIds::after(None);
        let far = ids.next(Timestamp::from_micros(i64::MAX), &FixedEntropy);
        let after = ids.next(Timestamp::from_micros(1), &FixedEntropy);
        assert!(after.ordered == far.ordered + 1 && far.ordered < i64::MAX - (1 << 50));
    }
}
