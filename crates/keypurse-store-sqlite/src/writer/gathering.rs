//! How long to wait for company before a commit, which costs the same for one
//! as for many.

use std::time::{Duration, Instant};

/// Callers who were just answered ask again within this part of a commit.
const PART: u32 = 8;
/// Shorter waits take longer than they say.
const SHORTEST: Duration = Duration::from_micros(60);
const LONGEST: Duration = Duration::from_micros(250);
/// How far apart a crowd's commits begin at least: on a fast disk one for
/// every two or three operations costs more CPU than they do.
const APART: Duration = Duration::from_micros(250);

/// What the last batch was like.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    /// Until when to wait.
    until: Option<Instant>,
}

impl Gathering {
    /// Lets those about to ask do so.
    ///
    /// On a slow disk callers would fall into two crowds, each waiting for the
    /// other's commit before its own; on a fast one few would share a commit.
    #[expect(
        clippy::disallowed_methods,
        reason = "what is waited for is that nobody else asks: there is no signal for it"
    )]
    pub(super) fn wait(&self) {
        match self.rest(Instant::now()) {
            Some(rest) => std::thread::sleep(rest),
            // For callers that share our core.
            None => std::thread::yield_now(),
        }
    }

    fn rest(&self, now: Instant) -> Option<Duration> {
        let rest = self.until?.saturating_duration_since(now);
        Some(rest).filter(|rest| *rest >= SHORTEST)
    }

    /// A batch of so many operations began and ended then. A lone caller is
    /// never kept waiting.
    pub(super) fn learn(&mut self, operations: usize, began: Instant, ended: Instant) {
        let linger = ((ended - began) / PART).min(LONGEST);
        let until = (ended + linger).max(began + APART);
        self.until = Some(until).filter(|_| operations > 1);
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Gathering, Instant, LONGEST};

    #[test]
    fn crowds_are_waited_for_and_lone_callers_are_not_kept_waiting() {
        let micros = Duration::from_micros;
        for (operations, took, expected) in [
            (64, micros(100), Some(micros(150))),
            (64, micros(220), None),
            (64, micros(1_200), Some(micros(150))),
            (2, micros(9_000), Some(LONGEST)),
            (1, micros(9_000), None),
            (1, micros(100), None),
        ] {
            let mut gathering = Gathering::default();
            let began = Instant::now();
            let ended = began + took;
            gathering.learn(operations, began, ended);
            let rest = gathering.rest(ended);
            assert_eq!(rest, expected, "{operations} in {took:?}");
        }
    }

    #[test]
    fn who_comes_later_waits_for_the_rest_only() {
        let mut gathering = Gathering::default();
        let began = Instant::now();
        gathering.learn(9, began, began + Duration::from_micros(100));
        let later = |micros| gathering.rest(began + Duration::from_micros(micros));
        assert_eq!(later(150), Some(Duration::from_micros(100)));
        assert_eq!(later(400), None);
    }
}
