//! How fast a request's body has to come.
//!
//! The clock runs only while nothing is there to read: a body that came with its
//! headers costs nothing.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use thiserror::Error;
use tokio::time::{Instant, Sleep, sleep_until};

/// How long a client may take to send a body.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Without a byte.
    pub idle: Duration,
    /// Before its speed is looked at.
    pub grace: Duration,
    /// From then on, all in all; never 0.
    pub bytes_per_second: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(30),
            grace: Duration::from_secs(10),
            bytes_per_second: 1024,
        }
    }
}

/// The client was slower than that.
#[derive(Debug, Error)]
#[error("the body came too slowly")]
pub struct TooSlow;

impl TooSlow {
    /// Whether this is why a body could not be read.
    pub fn is_cause_of(error: &(dyn Error + 'static)) -> bool {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if error.is::<Self>() {
                return true;
            }
            cause = error.source();
        }
        false
    }
}

/// Holds one body to its pace.
#[derive(Debug)]
pub(super) struct Pacer {
    pace: Pace,
    started: Option<Instant>,
    read_bytes: u64,
    is_waiting: bool,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Pacer {
    pub(super) fn new(pace: Pace) -> Self {
        Self {
            pace,
            started: None,
            read_bytes: 0,
            is_waiting: false,
            alarm: None,
        }
    }

    /// So much has come.
    pub(super) fn came(&mut self, bytes: usize) {
        self.read_bytes += bytes as u64;
        self.is_waiting = false;
    }

    /// Nothing has come: ready when that is too slow.
    pub(super) fn poll_too_slow(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if !self.is_waiting {
            self.is_waiting = true;
            let due = self.due(Instant::now());
            match &mut self.alarm {
                Some(alarm) => alarm.as_mut().reset(due),
                None => self.alarm = Some(Box::pin(sleep_until(due))),
            }
        }
        match &mut self.alarm {
            Some(alarm) => alarm.as_mut().poll(context),
            None => Poll::Pending,
        }
    }

    fn due(&mut self, now: Instant) -> Instant {
        let Pace {
            idle,
            grace,
            bytes_per_second,
        } = self.pace;
        let started = *self.started.get_or_insert(now);
        let paid_for = Duration::from_secs(self.read_bytes / bytes_per_second.max(1));
        (now + idle).min(started + grace.max(paid_for))
    }
}

#[cfg(test)]
mod tests {
    use super::{Instant, Pace, Pacer};
    use std::time::Duration;

    #[tokio::test]
    async fn a_body_has_its_grace_then_its_speed_and_is_never_silent_for_long() {
        let start = Instant::now();
        let after = |seconds: u64| start + Duration::from_secs(seconds);
        for (read_bytes, now, due) in [
            // A byte a second is over when its grace is.
            (0, 0, 10),
            (9, 9, 10),
            // A fast one may pause, but not for longer than this.
            (100_000, 2, 32),
            (1_000_000, 500, 530),
            // What it has sent pays for so many seconds.
            (20 * 1024, 5, 20),
            (20 * 1024 + 1023, 19, 20),
        ] {
            let mut pacer = Pacer::new(Pace::default());
            pacer.due(start);
            pacer.came(read_bytes);
            assert_eq!(
                pacer.due(after(now)),
                after(due),
                "{read_bytes} after {now} s"
            );
        }
    }
}
