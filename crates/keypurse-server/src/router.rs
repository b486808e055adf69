//! Every route of a node.

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;

use crate::http::{cors, fallback, health, linger, peer, request_id};
use crate::state::AppState;
use crate::{dashboard, gateway, management, metrics};

/// Every route of a node. Whoever accepts connections puts a
/// [`crate::http::peer::PeerAddr`] into each request.
pub fn router(state: AppState) -> Router {
    Router::new()
        .merge(management::routes())
        .merge(gateway::routes())
        .merge(dashboard::routes(&state))
        .merge(health::routes())
        .merge(metrics::routes())
        .fallback(no_such_route)
        .method_not_allowed_fallback(fallback::method_not_allowed)
        .layer(from_fn_with_state(state.clone(), around))
        .with_state(state)
}

async fn no_such_route(State(state): State<AppState>, request: Request) -> Response {
    let (asked, _) = request.into_parts();
    let page = dashboard::page_for(&state, &asked);
    page.unwrap_or_else(|| fallback::no_such_route(&asked.uri))
}

/// What happens around every request: one layer, because each one costs.
async fn around(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let allowed = cors::allowed(&state.settings.cors_origins, &request);
    let mut request = linger::hear_out(&state, request);
    if state.settings.trusts_forwarded_for {
        peer::follow_forwarded_for(&mut request);
    }
    match allowed {
        None => request_id::stamp(&state, request, next).await,
        Some(allowed) if cors::is_preflight(&request) => allowed.preflight(),
        Some(allowed) => allowed.mark(request_id::stamp(&state, request, next).await),
    }
}
