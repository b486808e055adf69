//! Errors as Anthropic's SDKs read them.

use serde_json::json;

/// The type of error of an HTTP status, by "Claude API errors", HTTP errors.
pub fn error_type(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        504 => "timeout_error",
        503 | 529 => "overloaded_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    }
}

/// An error's body: the same in an answer and, as an `error` event, in a
/// stream.
pub fn error_body(kind: &str, message: &str) -> String {
    json!({ "type": "error", "error": { "type": kind, "message": message } }).to_string()
}

#[cfg(test)]
mod tests {
    use super::{error_body, error_type};

    #[test]
    fn a_status_has_the_type_the_documentation_gives_it() {
        for (status, expected) in [
            (400, "invalid_request_error"),
            (401, "authentication_error"),
            (402, "billing_error"),
            (403, "permission_error"),
            (404, "not_found_error"),
            (409, "invalid_request_error"),
            (413, "request_too_large"),
            (429, "rate_limit_error"),
            (500, "api_error"),
            (502, "api_error"),
            (503, "overloaded_error"),
            (504, "timeout_error"),
            (529, "overloaded_error"),
        ] {
            assert_eq!(error_type(status), expected, "{status}");
        }
        assert_eq!(
            error_body("api_error", "a \"b\""),
            r#"{"type":"error","error":{"type":"api_error","message":"a \"b\""}}"#
        );
    }
}
