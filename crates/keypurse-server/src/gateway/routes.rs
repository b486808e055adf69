//! Which path leads where.

use axum::Router;
use axum::routing::{get, post};

use super::{chat, models};
use crate::state::AppState;

/// The vendor's base path, and the one `OPENAI_BASE_URL` usually ends with.
const BASES: [&str; 2] = ["/v3", "/v1"];

/// The routes that call models, each with and without a trailing slash.
pub fn routes() -> Router<AppState> {
    let mut routes = Router::new();
    for base in BASES {
        for slash in ["", "/"] {
            let chat = post(chat::chat_completions);
            routes = routes
                .route(&format!("{base}/chat/completions{slash}"), chat)
                .route(&format!("{base}/models{slash}"), get(models::list));
        }
        routes = routes.route(&format!("{base}/models/{{*id}}"), get(models::one));
    }
    routes
}
