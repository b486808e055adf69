//! From a caller to a call that is paid for.

use std::sync::Arc;

use keypurse_core::id::{AccountId, CallId, TokenId};
use keypurse_core::ledger::{Admission, HoldError, HoldRequest, Short, TokenUse};
use keypurse_core::time::Timestamp;
use keypurse_providers::simulator::Scenario;
use keypurse_store::{CallMeta, Claim, HoldFailure, NewHold, StoreError, failpoint};
use tracing::{Instrument, error};

use crate::gateway::cache::Recording;
use crate::gateway::call::admit::{Asking, admit};
use crate::gateway::call::bound::Bound;
use crate::gateway::call::open_hold::OpenHold;
use crate::gateway::endpoint::asked::Asked;
use crate::gateway::error::{GatewayError, Shortage};
use crate::gateway::routing::attempts::Attempts;
use crate::gateway::routing::candidates::Candidate;
use crate::gateway::routing::route::Route;
use crate::gateway::rules::Permit;
use crate::http::authenticate::{AuthError, Caller};
use crate::state::AppState;
use crate::traces;

/// A call that is understood and bounded, but not paid for.
#[derive(Debug)]
pub(in crate::gateway) struct Planned {
    pub(in crate::gateway) call: CallId,
    pub(in crate::gateway) started_at: Timestamp,
    pub(in crate::gateway) caller: Caller,
    pub(in crate::gateway) asked: Asked,
    pub(in crate::gateway) route: Arc<Route>,
    pub(in crate::gateway) bound: Bound,
    pub(in crate::gateway) permit: Permit,
    /// Whether its client wants it made once.
    pub(in crate::gateway) claim: Option<Claim>,
    /// What its simulated provider is to do wrong.
    pub(in crate::gateway) scenario: Option<Scenario>,
    pub(in crate::gateway) attempts: Attempts,
    /// Whether its answer is kept for the next request like it.
    pub(in crate::gateway) recording: Option<Recording>,
}

/// Proof that money is set aside for this call: without it no provider is
/// called.
#[derive(Debug)]
pub(in crate::gateway) struct Funded {
    pub(in crate::gateway) call: CallId,
    /// Resolves itself when nobody does.
    pub(in crate::gateway) hold: OpenHold,
    pub(in crate::gateway) started_at: Timestamp,
    pub(in crate::gateway) asked: Asked,
    pub(in crate::gateway) route: Arc<Route>,
    pub(in crate::gateway) bound: Bound,
    /// Ended with the hold, before the client has the end of the answer.
    pub(in crate::gateway) permit: Permit,
    /// The output limit sent upstream, per choice.
    pub(in crate::gateway) limit: u64,
    /// Whether that is less than what was asked for.
    pub(in crate::gateway) is_clamped: bool,
    /// Whether the call goes beyond the balance, as its token allows.
    pub(in crate::gateway) is_overdrawn: bool,
    /// Whether its answer is kept for who repeats it.
    pub(in crate::gateway) is_claimed: bool,
    /// What its simulated provider is to do wrong.
    pub(in crate::gateway) scenario: Option<Scenario>,
    pub(in crate::gateway) attempts: Attempts,
    pub(in crate::gateway) recording: Option<Recording>,
    payer: Payer,
}

/// Whose money it is.
#[derive(Clone, Copy, Debug)]
struct Payer {
    account: AccountId,
    token: Option<TokenUse>,
}

/// Sets the money aside; it is on disk when this returns.
pub(in crate::gateway) async fn fund(
    state: &AppState,
    planned: Box<Planned>,
) -> Result<Box<Funded>, GatewayError> {
    let Planned {
        call,
        started_at,
        caller,
        asked,
        route,
        bound,
        permit,
        claim,
        scenario,
        mut attempts,
        recording,
    } = *planned;
    let payer = Payer {
        account: caller.account(),
        token: caller.token().map(|token| TokenUse {
            token: token.token,
            secret: token.secret,
        }),
    };
    let meta = meta(&asked, &route, started_at);
    let hold = |bound: &Bound| payer.hold(call, bound, meta.clone(), claim);
    let open_hold = OpenHold::of(state, call);
    failpoint::reach("call.before-hold");
    let admitting = admit(state, Asking::First, (&asked, &route), bound, hold);
    let (admission, bound) = admitting.instrument(traces::hold()).await;
    let admission = match admission {
        Ok(admission) => admission,
        Err(failure) => {
            open_hold.was_refused();
            note_shortage(state, &failure);
            return Err(refused(failure, &bound));
        }
    };
    failpoint::reach("call.after-hold");
    attempts.begin(false);
    Ok(Box::new(Funded {
        call,
        hold: open_hold,
        started_at,
        asked,
        route,
        permit,
        limit: limit(&bound, &admission),
        is_clamped: admission.budget < bound.full,
        is_overdrawn: admission.overdrawn,
        scenario,
        is_claimed: claim.is_some(),
        attempts,
        recording,
        payer,
        bound,
    }))
}

/// Alerts want to know who cannot pay any more.
fn note_shortage(state: &AppState, failure: &HoldFailure) {
    if let HoldFailure::Refused(HoldError::Insufficient(short)) = failure {
        state.alerting.shortages.note(short.purse);
    }
}

impl Funded {
    /// The token it is made with, if not with the account's key.
    pub(in crate::gateway) fn token(&self) -> Option<TokenId> {
        self.payer.token.map(|token| token.token)
    }

    pub(in crate::gateway) fn state(&self) -> &AppState {
        self.hold.state()
    }

    /// Sets the money aside anew, for another model to answer the call. What
    /// fails leaves everything as it was.
    pub(in crate::gateway) async fn turn_to(
        &mut self,
        state: &AppState,
        candidate: Candidate,
    ) -> Result<(), GatewayError> {
        let Candidate { route, bound } = candidate;
        let meta = meta(&self.asked, &route, self.started_at);
        let hold = |bound: &Bound| self.payer.hold(self.call, bound, meta.clone(), None);
        let asked = (&self.asked, &*route);
        let admitting = admit(state, Asking::Anew, asked, bound, hold);
        let (admission, bound) = admitting.instrument(traces::hold()).await;
        let admission = admission.map_err(|failure| refused(failure, &bound))?;
        self.limit = limit(&bound, &admission);
        self.is_clamped = admission.budget < bound.full;
        self.is_overdrawn = admission.overdrawn;
        self.route = route;
        self.bound = bound;
        Ok(())
    }
}

/// The output limit that was paid for, per choice.
fn limit(bound: &Bound, admission: &Admission) -> u64 {
    if admission.budget < bound.full {
        bound.affordable(admission.budget)
    } else {
        bound.limit
    }
}

fn meta(asked: &Asked, route: &Route, started_at: Timestamp) -> CallMeta {
    CallMeta {
        provider: Arc::clone(&route.provider.name),
        model: Arc::clone(&route.model),
        feature: asked.endpoint.feature(),
        streamed: asked.streamed,
        price: Arc::clone(&route.price),
        started_at,
    }
}

impl Payer {
    fn hold(self, call: CallId, bound: &Bound, meta: CallMeta, claim: Option<Claim>) -> NewHold {
        NewHold {
            request: HoldRequest {
                call,
                account: self.account,
                token: self.token,
                full: bound.full,
                least: bound.least,
                first: bound.first,
            },
            meta,
            claim,
        }
    }
}

fn refused(failure: HoldFailure, bound: &Bound) -> GatewayError {
    let shortage = |short: Short| Shortage {
        affordable_output_tokens: bound.advisable(short.available),
        short,
    };
    match failure {
        HoldFailure::Repeated(repeated) => GatewayError::Repeated(repeated),
        HoldFailure::Refused(HoldError::Revoked) => {
            GatewayError::Unauthenticated(AuthError::Retired)
        }
        HoldFailure::Refused(HoldError::Expired) => {
            GatewayError::Unauthenticated(AuthError::Expired)
        }
        HoldFailure::Refused(HoldError::Insufficient(short)) => {
            GatewayError::Insufficient(shortage(short))
        }
        HoldFailure::Refused(HoldError::OnHold(short)) => GatewayError::OnHold(shortage(short)),
        HoldFailure::Store(error) => unrecordable(&error),
    }
}

/// The ledger did not take what we had to write.
pub(in crate::gateway) fn unrecordable(failure: &StoreError) -> GatewayError {
    match failure {
        StoreError::Overloaded => GatewayError::Overloaded,
        StoreError::Unacknowledged => GatewayError::Restored,
        StoreError::Unavailable(_) | StoreError::Closed | StoreError::Corrupt(_) => {
            error!(error = %failure, "the ledger did not record a call");
            GatewayError::LedgerUnavailable
        }
    }
}
