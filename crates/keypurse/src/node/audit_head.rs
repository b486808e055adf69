//! Tells the log where the audit log ends, so that it is noticed later if its
//! end was cut off: whoever collects logs has what the data directory lacks.

use std::time::Duration;

use keypurse_server::AppState;
use keypurse_store::AuditHead;

const LOOK_EVERY: Duration = Duration::from_mins(1);

/// Runs until the node drains; tells the head at once, whenever it has moved,
/// and at the end.
pub(super) async fn watch(state: AppState) {
    let mut minutes = tokio::time::interval(LOOK_EVERY);
    let mut told = AuditHead::EMPTY;
    loop {
        let is_last = tokio::select! {
            () = state.draining.cancelled() => true,
            _ = minutes.tick() => false,
        };
        match state.store.audit_head().await {
            Ok(head) if head != told => {
                tracing::info!(%head, "the audit log has grown");
                told = head;
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the audit log cannot be read"),
        }
        if is_last {
            return;
        }
    }
}
