//! Recomputes the books beside the calls, so that a difference is found by
//! whoever watches `/metrics` and not by the next audit by hand.

use std::time::{Duration, Instant};

use keypurse_server::AppState;
use keypurse_server::metrics::BooksAudited;
use keypurse_store::aside;
use keypurse_store_sqlite::{AuditError, AuditReport};

/// The first one comes when the start is over.
const FIRST_AFTER: Duration = Duration::from_mins(1);
const EVERY: Duration = Duration::from_mins(10);
/// An audit reads every row: large books are read less often, so that it takes
/// a hundredth of one core at most.
const REST_PER_WORK: u32 = 100;

/// Runs until the node drains, which does not wait for an audit under way: that
/// changes nothing.
pub(super) async fn watch(
    state: AppState,
    audit: impl Fn() -> Result<AuditReport, AuditError> + Clone + Send + 'static,
) {
    let mut rest = FIRST_AFTER;
    loop {
        tokio::select! {
            () = state.draining.cancelled() => return,
            () = tokio::time::sleep(rest) => {}
        }
        let began = Instant::now();
        let outcome = tokio::select! {
            () = state.draining.cancelled() => return,
            outcome = aside(audit.clone()) => outcome,
        };
        let Ok(outcome) = outcome else { continue };
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

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex, mpsc};

    use keypurse_store_sqlite::AuditReport;
    use keypurse_testkit::TestApp;
    use tokio::sync::oneshot;

    use super::watch;

    #[tokio::test]
    async fn a_stop_does_not_wait_for_an_audit() {
        let app = TestApp::new().await;
        // Time goes on when there is nothing else to do: the first is due.
        tokio::time::pause();
        let (begin, begun) = oneshot::channel();
        let (end, ended) = mpsc::channel::<()>();
        let once = Arc::new(Mutex::new(Some((begin, ended))));
        let endless = move || {
            let (begin, ended) = once.lock().unwrap().take().expect("one audit");
            begin.send(()).expect("the test waits");
            // Until the test ends.
            ended.recv().unwrap_err();
            Ok(AuditReport::default())
        };
        let watching = watch(Arc::clone(app.state()), endless);
        let stop = async {
            begun.await.expect("an audit begins");
            app.state().draining.cancel();
        };
        tokio::join!(watching, stop);
        drop(end);
    }
}
