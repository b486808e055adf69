//! How long to wait for company before a commit, which costs the same for one
//! as for many.

use std::time::Duration;

/// Callers who were just answered ask again within this part of a commit.
const PART: u32 = 8;
/// Shorter waits take longer than they say.
const SHORTEST: Duration = Duration::from_micros(60);
const LONGEST: Duration = Duration::from_micros(250);

/// What the last batch was like.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    linger: Option<Duration>,
}

impl Gathering {
    /// Lets those about to ask do so.
    ///
    /// On a slow disk callers would fall into two crowds, each waiting for the
    /// other's commit before its own. Elsewhere a yield is enough, for callers
    /// that share our core.
    #[expect(
        clippy::disallowed_methods,
        reason = "what is waited for is that nobody else asks: there is no signal for it"
    )]
    pub(super) fn wait(&self) {
        match self.linger {
            Some(linger) => std::thread::sleep(linger),
            None => std::thread::yield_now(),
        }
    }

    /// A batch of so many operations took so long. A lone caller is never kept
    /// waiting.
    pub(super) fn learn(&mut self, operations: usize, took: Duration) {
        let linger = (took / PART).min(LONGEST);
        self.linger = Some(linger).filter(|linger| operations > 1 && *linger >= SHORTEST);
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Gathering, LONGEST};

    #[test]
    fn only_crowds_on_slow_disks_are_waited_for() {
        let micros = Duration::from_micros;
        for (operations, took, expected) in [
            (64, micros(100), None),
            (64, micros(1_200), Some(micros(150))),
            (2, micros(9_000), Some(LONGEST)),
            (1, micros(9_000), None),
        ] {
            let mut gathering = Gathering::default();
            gathering.learn(operations, took);
            assert_eq!(gathering.linger, expected, "{operations} in {took:?}");
        }
    }
}
