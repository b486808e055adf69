//! Bounded waits on a condition.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

const POLL_EVERY: Duration = Duration::from_millis(10);

/// Polls until `condition` answers something, at most for `limit`.
///
/// Fails with "`what` did not happen within …", so word `what` as an event.
pub(crate) fn until<T>(
    what: &str,
    limit: Duration,
    mut condition: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let started = Instant::now();
    loop {
        if let Some(value) = condition()? {
            return Ok(value);
        }
        if started.elapsed() >= limit {
            bail!("{what} did not happen within {limit:?}");
        }
        a_moment();
    }
}

/// How long whoever polls waits between two looks.
#[expect(
    clippy::disallowed_methods,
    reason = "the one poll every bounded wait goes through"
)]
pub(crate) fn a_moment() {
    thread::sleep(POLL_EVERY);
}
