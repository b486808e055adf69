//! Every route of a node.

use axum::Router;
use axum::middleware::from_fn_with_state;

use crate::http::{fallback, health, request_id};
use crate::state::AppState;
use crate::{gateway, management};

/// Every route of a node. Whoever accepts connections puts a
/// [`crate::http::peer::PeerAddr`] into each request.
pub fn router(state: AppState) -> Router {
    Router::new()
        .merge(management::routes(&state))
        .merge(gateway::routes())
        .merge(health::routes())
        .fallback(fallback::no_such_route)
        .method_not_allowed_fallback(fallback::method_not_allowed)
        .layer(from_fn_with_state(state.clone(), request_id::stamp))
        .with_state(state)
}
