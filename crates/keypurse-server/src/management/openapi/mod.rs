//! What management looks like to a program: OpenAPI 3.1, at `/openapi.json`.
//!
//! Written by hand, because the rules between fields and the exact numbers do
//! not follow from our types. schemathesis holds it against the running server,
//! and a snapshot holds it against `docs/openapi.json`.

mod alerts;
mod operations;
mod reports;
mod rules;
mod schemas;
mod statement;

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use crate::http::answer;

/// `GET /openapi.json`
pub(super) async fn show() -> Response {
    answer::json(StatusCode::OK, &document())
}

/// The whole document.
pub fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Keypurse",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "AI API keys that each carry a budget",
            "description": "Manages custom tokens. Every path works the same with and without \
                its trailing slash. Every answer carries `x-request-id`.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "tags": [
            {"name": "Tokens", "description": "API keys with a budget and an expiry"},
            {"name": "Reports", "description": "What was used, and what it cost"},
            {"name": "Credits", "description": "What the account has"},
            {"name": "Alerts", "description": "Who is told before money or time runs out"},
        ],
        "paths": joined(operations::paths(), alerts::paths()),
        "components": {
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An account key, or a custom token where that is said",
                },
            },
            "parameters": joined(operations::parameters(), alerts::parameters()),
            "headers": operations::headers(),
            "responses": operations::refusals(),
            "schemas": joined(schemas::all(), alerts::schemas()),
        },
    })
}

/// The members of two objects.
fn joined(mut one: Value, other: Value) -> Value {
    if let (Value::Object(one), Value::Object(other)) = (&mut one, other) {
        one.extend(other);
    }
    one
}
