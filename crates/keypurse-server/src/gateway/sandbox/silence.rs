//! A provider that does not answer: its call is kept waiting as long as a live
//! one would be.

use keypurse_core::id::TokenId;
use keypurse_providers::simulator::Failure;

use super::asked::failed;
use super::stream::revoked;
use crate::gateway::error::GatewayError;
use crate::gateway::routing::route::Route;
use crate::http::authenticate::AuthError;
use crate::state::State;

/// The failure, when it is due: a timeout comes after the provider's time for a
/// first byte, unless the token is deleted or the node stops before.
pub(super) async fn due(
    state: &State,
    failure: Failure,
    token: TokenId,
    route: &Route,
) -> GatewayError {
    if failure != Failure::Timeout {
        return failed(failure, token, route);
    }
    tokio::select! {
        biased;
        () = state.cut_off.cancelled() => GatewayError::Draining,
        () = revoked(state, token) => GatewayError::Unauthenticated(AuthError::Retired),
        () = tokio::time::sleep(route.provider.timeouts.first_byte) => {
            failed(failure, token, route)
        }
    }
}
