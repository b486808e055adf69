//! The pages of alerts: rules, what they fired for, and who was told.

mod change;
mod edit;
mod list;
mod shown;
mod values;

use axum::Router;
use axum::routing::{get, post};

use crate::state::AppState;

/// `/alerts` and what is below.
pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/alerts", get(list::show))
        .route("/alerts/new", get(edit::form).post(edit::create))
        .route("/alerts/{id}", get(edit::show).post(edit::update))
        .route("/alerts/{id}/test", post(edit::test))
        .route("/alerts/{id}/delete", post(edit::delete))
}
