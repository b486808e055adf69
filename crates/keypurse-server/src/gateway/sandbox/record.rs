//! Writes a simulated call down: it counts, and costs nothing.
//!
//! No money is moved, so its client need not wait for the disk; one that wants
//! it made once does.

use std::sync::Arc;

use http::StatusCode;
use keypurse_core::usage::TokenCounts;
use keypurse_store::{CallMeta, RecordFailure, SimulatedCall};

use super::answer::Call;
use crate::gateway::call::fund::unrecordable;
use crate::gateway::endpoint::asked::Asked;
use crate::gateway::error::GatewayError;
use crate::gateway::routing::route::Route;
use crate::state::State;

/// Records a call that is answered: whoever reads calls from now on finds it.
pub(super) async fn record(
    state: &State,
    call: &Call<'_>,
    route: &Route,
    asked: &Asked,
    counts: TokenCounts,
) -> Result<(), GatewayError> {
    let simulated = SimulatedCall {
        call: call.id,
        account: call.token.account,
        token: call.token.token,
        meta: CallMeta {
            provider: Arc::clone(&route.provider.name),
            model: Arc::clone(&route.model),
            feature: asked.endpoint.feature(),
            streamed: asked.streamed,
            price: Arc::clone(&route.price),
            started_at: call.started_at,
        },
        counts,
        status: StatusCode::OK.as_u16(),
        finished_at: state.now(),
        claim: call.claim,
    };
    let recorded = match simulated.claim {
        Some(_) => state.store.record_simulated(simulated).await,
        None => note(state, simulated).await,
    };
    state.gateway.meters.simulated(asked.endpoint.path());
    recorded.map_err(|failure| match failure {
        RecordFailure::Repeated(repeated) => GatewayError::Repeated(repeated),
        RecordFailure::Store(failure) => unrecordable(&failure),
    })
}

async fn note(state: &State, simulated: SimulatedCall) -> Result<(), RecordFailure> {
    let noted = state.store.note_simulated(simulated).await;
    noted.map_err(RecordFailure::Store)
}
