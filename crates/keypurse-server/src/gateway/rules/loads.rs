//! What tokens with limits have done lately.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use keypurse_core::id::TokenId;
use keypurse_core::rules::{Exceeded, Limits, Load};
use keypurse_core::time::{Clock, Timestamp};

/// Beyond this many tokens those that do nothing are looked for.
const FEW: usize = 1024;

/// The load of each token that has limits and did something lately.
///
/// The clock is read while the lock is held, so that time does not go back
/// between two calls of a token.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Loads {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    by_token: HashMap<TokenId, Load>,
    /// How many were left when those that did nothing were last forgotten.
    left: usize,
}

impl Loads {
    /// Counts a call in, unless that would exceed a limit.
    pub(super) fn begin(
        &self,
        token: TokenId,
        limits: &Limits,
        clock: &dyn Clock,
    ) -> Result<(), Exceeded> {
        let mut known = self.lock();
        let now = clock.now();
        known.forget_idle(now);
        known.by_token.entry(token).or_default().admit(limits, now)
    }

    /// A call that was counted in is over, and has used so many tokens.
    pub(super) fn end(&self, token: TokenId, used: u64, clock: &dyn Clock) {
        let mut known = self.lock();
        let now = clock.now();
        let load = known.by_token.get_mut(&token);
        let load = load.expect("a token with a call under way is known");
        load.count_tokens(used, now);
        load.finish();
        if load.is_idle(now) {
            known.by_token.remove(&token);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Keeps memory within about twice what has to be remembered: looks through
    /// all only after as many have come again.
    fn forget_idle(&mut self, now: Timestamp) {
        if self.by_token.len() < FEW.max(2 * self.left) {
            return;
        }
        self.by_token.retain(|_, load| !load.is_idle(now));
        self.left = self.by_token.len();
    }
}

#[cfg(test)]
mod tests {
    use super::{FEW, Loads};
    use keypurse_core::id::TokenId;
    use keypurse_core::rules::Limits;
    use keypurse_core::time::{Clock, Timestamp};
    use std::num::NonZeroU32;
    use std::sync::atomic::{AtomicI64, Ordering};

    #[derive(Debug, Default)]
    struct Seconds(AtomicI64);

    impl Clock for Seconds {
        fn now(&self) -> Timestamp {
            Timestamp::default().plus_seconds(self.0.load(Ordering::Relaxed))
        }
    }

    fn known(loads: &Loads) -> usize {
        loads.lock().by_token.len()
    }

    fn call(loads: &Loads, clock: &Seconds, token: i64) {
        let limits = Limits {
            requests_per_minute: NonZeroU32::new(60),
            ..Limits::default()
        };
        loads.begin(TokenId(token), &limits, clock).unwrap();
        loads.end(TokenId(token), 0, clock);
    }

    #[test]
    fn memory_is_for_tokens_that_did_something_lately() {
        let (loads, clock) = (Loads::default(), Seconds::default());
        let few = i64::try_from(FEW).unwrap();
        for token in 0..3 * few {
            call(&loads, &clock, token);
        }
        assert_eq!(known(&loads), 3 * FEW, "all of them in this second");
        clock.0.store(1, Ordering::Relaxed);
        for token in 0..2 * few {
            call(&loads, &clock, -1 - token);
        }
        assert_eq!(known(&loads), 2 * FEW, "and none of the second before");
    }

    #[test]
    fn a_token_whose_calls_are_over_and_made_up_for_is_forgotten() {
        let (loads, clock) = (Loads::default(), Seconds::default());
        let limits = Limits {
            max_concurrency: NonZeroU32::new(2),
            ..Limits::default()
        };
        for _ in 0..2 {
            loads.begin(TokenId(1), &limits, &clock).unwrap();
        }
        loads.begin(TokenId(1), &limits, &clock).unwrap_err();
        loads.end(TokenId(1), 1000, &clock);
        assert_eq!(known(&loads), 1);
        loads.end(TokenId(1), 1000, &clock);
        assert_eq!(known(&loads), 0);
    }
}
