//! Calls to models: `/v3` and `/v1`.

use axum::Router;

use crate::state::AppState;

/// Providers, prices and the client that reaches them.
#[derive(Debug)]
pub struct Gateway {}

/// The routes that call models.
pub fn routes() -> Router<AppState> {
    Router::new()
}
