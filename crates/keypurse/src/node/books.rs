//! Recomputes the books beside the calls, so that a difference is found by
//! whoever watches `/metrics` and not by the next audit by hand.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use keypurse_server::AppState;
use keypurse_server::metrics::BooksAudited;
use keypurse_store_sqlite::{AuditError, audit};

/// The first one comes when the start is over.
const FIRST_AFTER: Duration = Duration::from_mins(1);
const EVERY: Duration = Duration::from_mins(10);
/// An audit reads every row: large books are read less often, so that it takes
/// a hundredth of one core at most.
const REST_PER_WORK: u32 = 100;

/// Runs until the node drains.
pub(super) async fn watch(state: AppState, database: PathBuf) {
    let mut rest = FIRST_AFTER;
    loop {
        tokio::select! {
            () = state.draining.cancelled() => return,
            () = tokio::time::sleep(rest) => {}
        }
        let (began, path) = (Instant::now(), database.clone());
        let Ok(outcome) = tokio::task::spawn_blocking(move || audit(&path)).await else {
            continue;
        };
        let took = began.elapsed();
        rest = EVERY.max(took.saturating_mul(REST_PER_WORK));
        let differs = match outcome {
            Ok(_) => false,
            Err(AuditError::Difference(what)) => {
                tracing::error!("the books do not add up: {what}; run `keypurse audit`");
                true
            }
            Err(error) => {
                tracing::warn!(%error, "the books cannot be audited");
                continue;
            }
        };
        let at = state.now();
        state
            .metrics
            .books_audited(BooksAudited { at, took, differs });
    }
}
