//! Failed sign-ins to the dashboard, as the audit log tells them. Those that
//! work are recorded with their sessions.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use keypurse_core::time::Timestamp;
use keypurse_store::{Action, Actor, AuditEvent, Details, RecordLimit, Who};
use tracing::warn;

use crate::state::AppState;

/// Which failed sign-ins are recorded. Whoever guesses from a thousand
/// addresses adds no more to the log than whoever does so from one.
#[derive(Debug, Default)]
pub struct RecordedFailures {
    limit: Mutex<RecordLimit>,
}

impl RecordedFailures {
    fn count(&self, now: Timestamp) -> Option<u64> {
        let mut limit = self.limit.lock().unwrap_or_else(PoisonError::into_inner);
        limit.count(now)
    }
}

/// Records a failed sign-in, unless there were too many; nobody waits for it.
pub fn record_failure(state: &AppState, address: IpAddr) {
    let now = state.now();
    let Some(left_out) = state.recorded_failures.count(now) else {
        return;
    };
    let event = AuditEvent {
        account: None,
        actor: Actor::at(Who::AccountKey, address),
        action: Action::SignInFailed,
        subject: "dashboard".to_owned(),
        details: Details::none().after_leaving_out(left_out),
        at: now,
    };
    let store = Arc::clone(&state.store);
    state.tasks.spawn(async move {
        if let Err(error) = store.record_event(event).await {
            warn!(%error, "a failed sign-in is not in the audit log");
        }
    });
}
