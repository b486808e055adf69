//! The dashboard: pages for people, rendered here, at `/`.
//!
//! **A page** is a struct with `frame: Frame` and a template that begins with
//! `{% extends "layout.html" %}`; its blocks are `title`, `head` (further assets, such as
//! charts: `{{ crate::dashboard::assets::asset("uplot.js") }}`), `actions` (beside the heading) and `content`. A
//! handler asks for a [`session::Viewer`] (somebody is signed in, and may look) or a
//! [`session::Admin`] (may change, asked from our own page), gets its frame from
//! `Frame::of(&viewer, Place::Tokens)` and answers with [`page::show`]; what goes wrong
//! is a [`trouble::Trouble`]. Everything in a template is escaped; `|safe` is for nobody.
//!
//! `fence` is around every route: what is not GET comes from our own pages or is
//! refused, and each answer carries the security headers. What happens when it fails:
//! a page that cannot be read or a change that cannot be recorded says so (503), and
//! nothing of it is done.

mod alerts;
mod assets;
mod audit;
mod begun;
mod calls;
mod charts;
mod costs;
mod fence;
mod figures;
mod form;
mod frame;
mod fresh_secrets;
mod missing;
mod models;
mod overview;
mod page;
mod providers;
mod session;
mod token_usage;
mod tokens;
mod transport;
mod trouble;
mod usage;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use crate::state::AppState;
use fresh_secrets::FreshSecrets;

pub(crate) use missing::page_for;

/// What the dashboard remembers while the node runs.
#[derive(Debug, Default)]
pub struct Dashboard {
    fresh_secrets: FreshSecrets,
}

/// The pages, their assets and what their forms do.
pub(crate) fn routes(state: &AppState) -> Router<AppState> {
    Router::new()
        .route("/", get(overview::show))
        .route("/live/overview", get(overview::live))
        .route("/live/overview/calls", get(overview::calls))
        .route("/live/overview/tokens", get(overview::tokens))
        .route("/audit", get(audit::show))
        .route("/costs", get(costs::show))
        .route("/costs.csv", get(costs::table))
        .route("/models", get(models::show))
        .route("/providers", get(providers::show))
        .route("/live/providers", get(providers::live))
        .route("/sign-in", get(session::form).post(session::sign_in))
        .route("/sign-out", post(session::sign_out))
        .route("/sessions", get(session::list))
        .route("/sessions/{id}/end", post(session::end))
        .route("/assets/{file}", get(assets::serve))
        .route("/live/tokens/{id}", get(token_usage::live))
        .route("/live/tokens/{id}/calls", get(token_usage::calls))
        .merge(alerts::routes())
        .merge(tokens::routes())
        .layer(from_fn_with_state(state.clone(), fence::guard))
}
