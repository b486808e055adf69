//! A hold and its end: whatever becomes of the call that owns it, it is
//! resolved, once.
//!
//! What the ledger cannot take now is tried again until it can, by a task of
//! its own that shutdown waits for. A call that breaks off before it is
//! settled (a bug) is handed to such a task too: nobody's hold is left behind
//! (L10).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::StatusCode;
use keypurse_core::id::CallId;
use keypurse_core::ledger::Charge;
use keypurse_store::{CallOutcome, Floor, Settlement, StoreError};
use tokio::runtime::Handle;
use tracing::{debug, error, info, warn};

use crate::gateway::call::fund::unrecordable;
use crate::gateway::error::GatewayError;
use crate::state::AppState;

/// The rest after the second failure; each later one is twice as long.
const FIRST_REST: Duration = Duration::from_millis(100);
/// A ledger that works again has every charge soon after.
const LONGEST_REST: Duration = Duration::from_secs(1);

/// Money that is, or is about to be, set aside for one call.
#[derive(Debug)]
pub(in crate::gateway) struct OpenHold {
    state: AppState,
    call: CallId,
    /// Somebody else sees to its end, or there is nothing to end.
    is_done: AtomicBool,
}

impl OpenHold {
    /// Made before the hold is asked for: from here on it cannot be lost.
    pub(in crate::gateway) fn of(state: &AppState, call: CallId) -> Self {
        let state = Arc::clone(state);
        let is_done = AtomicBool::new(false);
        Self {
            state,
            call,
            is_done,
        }
    }

    pub(in crate::gateway) fn state(&self) -> &AppState {
        &self.state
    }

    /// The ledger refused it: there is nothing to resolve.
    pub(in crate::gateway) fn was_refused(self) {
        self.is_done.store(true, Ordering::Relaxed);
    }

    /// Resolves it. On disk when this is `Ok`; else it will be, once, as soon
    /// as the ledger can write, and the client is told that it is not yet.
    pub(in crate::gateway) async fn resolve(
        &self,
        outcome: CallOutcome,
        status: u16,
    ) -> Result<Charge, GatewayError> {
        let settlement = self.settlement(outcome, status);
        let mut settled = self.state.store.settle(settlement).await;
        if let Err(StoreError::Unavailable(_)) = settled {
            // What failed may have made room for this: see the ledger's ballast.
            settled = self.state.store.settle(settlement).await;
        }
        self.is_done.store(true, Ordering::Relaxed);
        match settled {
            Ok(Some(charge)) => Ok(charge),
            Ok(None) => {
                error!(call = %self.call, "call {} was settled before", self.call);
                Err(GatewayError::Internal)
            }
            Err(failure) => {
                let later = settle_later(Arc::clone(&self.state), settlement);
                self.state.tasks.spawn(later);
                Err(match unrecordable(&failure) {
                    GatewayError::LedgerUnavailable => GatewayError::ChargeUnrecorded,
                    other => other,
                })
            }
        }
    }

    /// Makes it as large as what was used costs, as far as the money goes. A
    /// failure is told by the settlement that follows.
    pub(in crate::gateway) async fn grow(&self, used: Floor) {
        let _ = self.state.store.open(self.call, used).await;
    }

    fn settlement(&self, outcome: CallOutcome, status: u16) -> Settlement {
        let call = self.call;
        let finished_at = self.state.now();
        Settlement {
            call,
            outcome,
            status,
            finished_at,
        }
    }
}

impl Drop for OpenHold {
    fn drop(&mut self) {
        if self.is_done.load(Ordering::Relaxed) {
            return;
        }
        let call = self.call;
        error!(%call, "call {call} broke off; it is charged for what it delivered");
        let status = StatusCode::INTERNAL_SERVER_ERROR.as_u16();
        let settlement = self.settlement(CallOutcome::Abandoned, status);
        // Without a runtime the process is ending, and the next start does it.
        if let Ok(runtime) = Handle::try_current() {
            let later = settle_later(Arc::clone(&self.state), settlement);
            self.state.tasks.spawn_on(later, &runtime);
        }
    }
}

/// Settles as soon as the ledger can, unless the node stops before.
async fn settle_later(state: AppState, settlement: Settlement) {
    let (call, mut rest) = (settlement.call, FIRST_REST);
    loop {
        match state.store.settle(settlement).await {
            Ok(Some(_)) => return info!(%call, "call {call} is settled now, late"),
            Ok(None) => return debug!(%call, "call {call} had no open hold"),
            Err(StoreError::Closed) => break,
            Err(failure) => debug!(%call, error = %failure, "call {call} is not settled yet"),
        }
        tokio::select! {
            biased;
            () = state.cut_off.cancelled() => break,
            () = tokio::time::sleep(rest) => rest = (rest * 2).min(LONGEST_REST),
        }
    }
    warn!(%call, "call {call} could not be settled; the next start resolves its hold");
}
