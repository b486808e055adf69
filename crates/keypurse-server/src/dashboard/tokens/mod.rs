//! The pages of tokens: one file per page, or per form.

mod change;
mod create;
mod delete;
mod edit;
mod list;
mod query;
mod rotate;
mod secret;
mod show;
mod snippets;
mod statement;
mod top_up;
mod view;
mod wire;

use axum::Router;
use axum::routing::{get, post};

use crate::state::AppState;

pub(super) use view::{TokenPath, find, path_of};

/// `/tokens` and what is below.
pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/tokens", get(list::show))
        .route("/tokens/new", get(create::form).post(create::create))
        .route("/tokens/{id}", get(show::show))
        .route("/tokens/{id}/edit", get(edit::form).post(edit::update))
        .route("/tokens/{id}/top-up", post(top_up::top_up))
        .route(
            "/tokens/{id}/rotate",
            get(rotate::form).post(rotate::rotate),
        )
        .route(
            "/tokens/{id}/delete",
            get(delete::form).post(delete::delete),
        )
        .route("/tokens/{id}/secret", get(secret::show))
        .route("/tokens/{id}/secret/done", post(secret::done))
}
