//! Whether the node lives, and whether it should get traffic.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::CACHE_CONTROL;
use http::{HeaderName, StatusCode};
use tokio::time::timeout;
use tracing::warn;

use crate::state::AppState;

/// A ledger slower than this is not ready for money.
const PROBE_TIMEOUT: Duration = Duration::from_millis(250);
const NOT_KEPT: [(HeaderName, &str); 1] = [(CACHE_CONTROL, "no-store")];

/// `/livez`, `/readyz` and `/startupz`.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/livez", get(live))
        // Who answers has started: nothing is served before the books are open.
        .route("/startupz", get(live))
        .route("/readyz", get(ready))
}

async fn live() -> Response {
    ok()
}

async fn ready(State(state): State<AppState>) -> Response {
    if state.draining.is_cancelled() {
        return not_ok();
    }
    if state.clock.is_behind() {
        warn!("not ready: the clock is behind what it was; set it");
        return not_ok();
    }
    match timeout(PROBE_TIMEOUT, state.store.probe()).await {
        Ok(Ok(())) => ok(),
        Ok(Err(error)) => {
            warn!(%error, "not ready: the ledger cannot write");
            not_ok()
        }
        Err(_) => {
            warn!("not ready: the ledger did not answer within {PROBE_TIMEOUT:?}");
            not_ok()
        }
    }
}

fn ok() -> Response {
    (StatusCode::OK, NOT_KEPT, "ok").into_response()
}

fn not_ok() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, NOT_KEPT, "not ok").into_response()
}
