//! Sign-ins to the dashboard, as the audit log tells them.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use keypurse_core::id::AccountId;
use keypurse_core::time::Timestamp;
use keypurse_store::{Action, Actor, AuditEvent, Details, StoreError, Who};
use tracing::warn;

use crate::state::AppState;

/// Failed ones that are recorded at once; then one a minute. Whoever guesses
/// from a thousand addresses adds no more than that to the log.
const BURST: i64 = 20;
const MICROS_PER_RECORD: i64 = 60 * 1_000_000;

/// Which failed sign-ins are recorded.
#[derive(Debug, Default)]
pub struct RecordedFailures {
    state: Mutex<Recorded>,
}

#[derive(Debug, Default)]
struct Recorded {
    /// When the whole burst may be recorded again, in microseconds.
    recovered_at: i64,
    /// Failures that were not recorded since the last that was.
    left_out: u64,
}

impl RecordedFailures {
    /// Counts a failure: `Some`: it is to be recorded, and so many were not
    /// since the last.
    fn count(&self, now: Timestamp) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let next = state.recovered_at.max(now.micros()) + MICROS_PER_RECORD;
        if next - now.micros() > BURST * MICROS_PER_RECORD {
            state.left_out += 1;
            return None;
        }
        state.recovered_at = next;
        Some(std::mem::take(&mut state.left_out))
    }
}

/// What became of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignIn {
    /// It began.
    Began,
    /// Whoever had it signed out.
    Ended,
    /// Somebody else ended it.
    WasEnded,
}

/// Records a sign-in or its end. `actor` is who it is, or who ended it,
/// `session` which one.
pub async fn record(
    state: &AppState,
    (sign_in, session): (SignIn, i64),
    account: AccountId,
    actor: Actor,
) -> Result<(), StoreError> {
    let action = match sign_in {
        SignIn::Began => Action::SignIn,
        SignIn::Ended => Action::SignOut,
        SignIn::WasEnded => Action::SessionEnd,
    };
    let event = AuditEvent {
        account: Some(account),
        actor,
        action,
        subject: Who::Session(session).to_string(),
        details: Details::none(),
        at: state.now(),
    };
    state.store.record_event(event).await
}

/// Records a failed sign-in, unless there were too many; nobody waits for it.
pub fn record_failure(state: &AppState, address: IpAddr) {
    let now = state.now();
    let Some(left_out) = state.recorded_failures.count(now) else {
        return;
    };
    let details = match left_out {
        0 => Details::none(),
        some => Details::none().with("not_recorded_before", some),
    };
    let event = AuditEvent {
        account: None,
        actor: Actor::at(Who::AccountKey, address),
        action: Action::SignInFailed,
        subject: "dashboard".to_owned(),
        details,
        at: now,
    };
    let store = Arc::clone(&state.store);
    state.tasks.spawn(async move {
        if let Err(error) = store.record_event(event).await {
            warn!(%error, "a failed sign-in is not in the audit log");
        }
    });
}

#[cfg(test)]
mod tests {
    use super::RecordedFailures;
    use keypurse_core::time::Timestamp;

    #[test]
    fn a_flood_of_failures_is_recorded_once_a_minute_with_their_number() {
        let failures = RecordedFailures::default();
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        let recorded = (0..1_000).filter_map(|_| failures.count(at(0)));
        assert_eq!(recorded.count(), 20);
        assert_eq!(failures.count(at(59)), None);
        assert_eq!(failures.count(at(60)), Some(981));
        assert_eq!(failures.count(at(60)), None);
        assert_eq!(failures.count(at(120)), Some(1));
    }
}
