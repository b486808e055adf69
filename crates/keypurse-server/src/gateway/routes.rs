//! Which path leads where.

use std::collections::BTreeSet;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{MethodRouter, any, get, post};
use http::{HeaderMap, Request, Uri};

use super::call::serve::serve;
use super::endpoint::kind::Endpoint;
use super::endpoint::messages::count_tokens;
use super::endpoint::responses::stored::stored;
use super::models;
use crate::http::fallback;
use crate::state::AppState;

/// The vendor's base path, and the one `OPENAI_BASE_URL` usually ends with.
const BASES: [&str; 2] = [VENDOR, "/v1"];
const VENDOR: &str = "/v3";
/// What OpenAI has below `responses` that could be taken for an id.
const ABSENT: [&str; 2] = ["compact", "input_tokens"];

/// The routes that call models, each with and without a trailing slash.
pub fn routes() -> Router<AppState> {
    let mut routes = Router::new();
    for base in BASES {
        for slash in ["", "/"] {
            for endpoint in Endpoint::ALL {
                let version = version_below(base, endpoint);
                let path = format!("{base}/{version}{}{slash}", endpoint.path());
                let list = format!("{base}/{version}{}/models{slash}", endpoint.path());
                routes = routes.route(&path, calls(endpoint));
                routes = routes.route(&list, lists(Some(endpoint)));
            }
            let version = version_below(base, Endpoint::Messages);
            let path = format!("{base}/{version}messages/count_tokens{slash}");
            routes = routes.route(&path, counts_tokens());
        }
        for slash in ["", "/"] {
            let path = format!("{base}/responses/{{id}}{slash}");
            routes = routes.route(&path, get(stored).delete(stored));
            for other in ABSENT {
                let path = format!("{base}/responses/{other}{slash}");
                routes = routes.route(&path, any(nothing));
            }
        }
        // Below the vendor's path Anthropic's SDKs look for them elsewhere.
        for version in BTreeSet::from(["", version_below(base, Endpoint::Messages)]) {
            let path = format!("{base}/{version}models");
            routes = routes.route(&path, lists(None));
            routes = routes.route(&format!("{path}/"), lists(None));
            routes = routes.route(&format!("{path}/{{*id}}"), get(models::one));
        }
    }
    routes
}

async fn nothing(uri: Uri) -> Response {
    fallback::no_such_route(&uri)
}

fn version_below(base: &str, endpoint: Endpoint) -> &'static str {
    if base == VENDOR {
        endpoint.version_below_v3()
    } else {
        ""
    }
}

fn counts_tokens() -> MethodRouter<AppState> {
    post(|State(state): State<AppState>, request: Request<Body>| {
        count_tokens::serve(state, request)
    })
}

fn calls(endpoint: Endpoint) -> MethodRouter<AppState> {
    post(
        move |State(state): State<AppState>, request: Request<Body>| {
            serve(state, endpoint, request)
        },
    )
}

fn lists(endpoint: Option<Endpoint>) -> MethodRouter<AppState> {
    get(
        move |State(state): State<AppState>, headers: HeaderMap, uri: Uri| {
            models::list(state, endpoint, (headers, uri))
        },
    )
}
