//! Answers for what no route takes, in the dialect of the path's clients.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, Uri};
use serde_json::json;

use crate::http::answer;
use crate::http::refusal::Refusal;

/// Where OpenAI's SDKs call, and read OpenAI's error bodies.
const MODEL_PATHS: [&str; 2] = ["/v1/", "/v3/"];

/// 404: nothing is here.
pub fn no_such_route(uri: &Uri) -> Response {
    if !is_for_models(uri) {
        return Refusal::NoSuchRoute.into_response();
    }
    let message = "There is no such route; check the path and the base URL.";
    openai_error(StatusCode::NOT_FOUND, message, "unknown_url")
}

/// 405: something is here, for other methods. The router adds `Allow`.
pub async fn method_not_allowed(uri: Uri) -> Response {
    if !is_for_models(&uri) {
        return Refusal::MethodNotAllowed.into_response();
    }
    let message = "This method is not allowed here; see the Allow header.";
    openai_error(
        StatusCode::METHOD_NOT_ALLOWED,
        message,
        "method_not_allowed",
    )
}

fn is_for_models(uri: &Uri) -> bool {
    MODEL_PATHS.iter().any(|base| uri.path().starts_with(base))
}

fn openai_error(status: StatusCode, message: &str, code: &str) -> Response {
    let error = json!({
        "message": message, "type": "invalid_request_error", "param": null, "code": code,
    });
    answer::json(status, &json!({ "error": error }))
}
