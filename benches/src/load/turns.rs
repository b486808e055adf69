//! Whose turn it is to send, and since when.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use crate::Options;

/// One request to send.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    /// From 0, in the order they are due.
    pub(crate) number: u64,
    pub(crate) due: Instant,
}

#[derive(Debug)]
pub(crate) struct Turns {
    started: Instant,
    deadline: Instant,
    calls: u64,
    given: AtomicU64,
    pace: Option<Pace>,
}

/// A permit is a request that is due.
#[derive(Debug)]
struct Pace {
    per_second: u64,
    due: Semaphore,
}

impl Turns {
    pub(crate) fn start(options: &Options) -> Arc<Self> {
        let started = Instant::now();
        let pace = options.rate.map(|per_second| Pace {
            per_second,
            due: Semaphore::new(0),
        });
        let turns = Arc::new(Self {
            started,
            deadline: started + Duration::from_secs(options.seconds),
            calls: options.calls,
            given: AtomicU64::new(0),
            pace,
        });
        if turns.pace.is_some() {
            let (turns, connections) = (Arc::clone(&turns), options.connections);
            thread::spawn(move || turns.keep_pace(connections));
        }
        turns
    }

    /// The next request, when it is due; `None` at the end.
    pub(crate) async fn next(&self) -> Option<Turn> {
        if let Some(pace) = &self.pace {
            pace.due.acquire().await.ok()?.forget();
        }
        let number = self.given.fetch_add(1, Ordering::Relaxed);
        let due = match &self.pace {
            Some(pace) => self.due(pace, number),
            None => Instant::now(),
        };
        let is_over = number >= self.calls || due >= self.deadline;
        (!is_over).then_some(Turn { number, due })
    }

    fn due(&self, pace: &Pace, number: u64) -> Instant {
        let nanos = u128::from(number) * 1_000_000_000 / u128::from(pace.per_second);
        self.started + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Says when a request is due, to the accuracy of the system's timers: the
    /// runtime's own are a millisecond coarse.
    fn keep_pace(&self, connections: usize) {
        let Some(pace) = &self.pace else { return };
        for number in 0.. {
            let due = self.due(pace, number);
            if due >= self.deadline {
                break;
            }
            wait_until(due);
            pace.due.add_permits(1);
        }
        // One for each connection to find out that it is over.
        pace.due.add_permits(connections);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a thread of its own, which only keeps time"
)]
fn wait_until(due: Instant) {
    let left = due.saturating_duration_since(Instant::now());
    if !left.is_zero() {
        thread::sleep(left);
    }
}
