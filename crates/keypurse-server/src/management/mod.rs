//! Token management: `/v2`.
//!
//! Who may manage is a value, [`caller::Manager`]. Names the wire has fixed
//! are in the `wire.rs` files alone. What happens when it fails: a change that
//! cannot be recorded is refused, and nothing of it is done.

mod alerts;
mod audit_log;
mod caller;
mod conditions;
mod credits;
mod kept;
mod openapi;
mod page;
mod reports;
mod slashes;
mod tokens;

use axum::Router;
use axum::routing::{get, post};

use crate::state::AppState;
use slashes::SlashRoutes;

pub use openapi::document;

const ALERTS: &str = "/v2/alerts";
const TOKENS: &str = "/v2/user/custom_token";
const COSTS: &str = "/v2/cost_management";
const AUDIT_LOG: &str = "/v2/audit_log";
const CREDITS: &str = "/v2/cost_management/credits";

/// The routes that manage.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/openapi.json", get(openapi::show))
        .with_both("/docs", get(openapi::page::show))
        .route("/docs/style.css", get(openapi::page::style))
        .with_both(TOKENS, get(tokens::list).post(tokens::create))
        .with_both(&format!("{TOKENS}/me"), get(tokens::me))
        .with_both(
            &format!("{TOKENS}/{{name}}"),
            get(tokens::get)
                .patch(tokens::update)
                .delete(tokens::delete),
        )
        .with_both(&format!("{TOKENS}/{{name}}/rotate"), post(tokens::rotate))
        .with_both(&format!("{TOKENS}/{{name}}/ledger"), get(tokens::ledger))
        .with_both(&format!("{TOKENS}/{{name}}/top_up"), post(tokens::top_up))
        .with_both(ALERTS, get(alerts::list).post(alerts::create))
        .with_both(&format!("{ALERTS}/events"), get(alerts::events))
        .with_both(
            &format!("{ALERTS}/{{id}}"),
            get(alerts::get)
                .patch(alerts::update)
                .delete(alerts::delete),
        )
        .with_both(&format!("{ALERTS}/{{id}}/test"), post(alerts::test))
        .with_both(
            &format!("{ALERTS}/{{id}}/deliveries"),
            get(alerts::deliveries),
        )
        .with_both(COSTS, get(reports::summary))
        .with_both(&format!("{COSTS}/calls"), get(reports::calls))
        .with_both(&format!("{COSTS}/focus"), get(reports::focus))
        .with_both(AUDIT_LOG, get(audit_log::show))
        .with_both(CREDITS, get(credits::show))
        .with_both(&format!("{CREDITS}/top_up"), post(credits::top_up))
}
