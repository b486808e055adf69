//! When nobody may be answered any more.

/// What a service manager should restart (`EX_SOFTWARE`).
const EXIT_RESTART: i32 = 70;

#[expect(
    clippy::disallowed_methods,
    reason = "nobody may be answered after an unknown outcome, so nothing is unwound"
)]
/// Stopping beats being wrong: a restart reads the truth from disk.
pub(super) fn stop(what: &str, error: &dyn std::error::Error) -> ! {
    tracing::error!(%error, "{what}; stopping so that the next start finds out what is on disk");
    std::process::exit(EXIT_RESTART);
}

/// A broken invariant ends the process, not only its thread.
#[derive(Debug, Default)]
pub(super) struct StopOnPanic;

impl Drop for StopOnPanic {
    #[expect(
        clippy::disallowed_methods,
        reason = "a ledger that contradicts itself must not answer anybody"
    )]
    fn drop(&mut self) {
        if std::thread::panicking() {
            std::process::exit(EXIT_RESTART);
        }
    }
}
