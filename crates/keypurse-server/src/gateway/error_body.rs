//! Errors as the SDKs read them.

use std::borrow::Cow;

use axum::body::Body;
use axum::response::Response;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value, json};

use super::error::PassedOn;
use crate::http::envelope::Envelope;
use crate::http::refusal::RefusalCode;

/// An error, whoever is to read it.
pub(super) struct Shape {
    status: StatusCode,
    code: &'static str,
    param: Option<Cow<'static, str>>,
    pub(in crate::gateway) message: String,
    /// Members beyond OpenAI's four.
    pub(super) details: Map<String, Value>,
}

impl Shape {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::from_u16(status).expect("a known status"),
            code,
            param: None,
            message: message.into(),
            details: Map::new(),
        }
    }

    /// The same about one member of the request.
    pub(super) fn about(self, param: Option<Cow<'static, str>>) -> Self {
        Self { param, ..self }
    }

    /// OpenAI's name for the class of error.
    fn kind(&self) -> &'static str {
        match (self.status.as_u16(), self.code) {
            (_, "idempotency_error") => "idempotency_error",
            (401, _) => "authentication_error",
            (402, _) | (_, "balance_on_hold") => "billing_error",
            (403, _) => "permission_error",
            (429, _) => "rate_limit_error",
            (502 | 504, _) => "upstream_error",
            (500.., _) => "server_error",
            _ => "invalid_request_error",
        }
    }

    /// Anthropic's name for the class of error.
    fn anthropic_kind(&self) -> &'static str {
        match self.status.as_u16() {
            401 => "authentication_error",
            402 => "billing_error",
            403 => "permission_error",
            404 => "not_found_error",
            413 => "request_too_large",
            429 => "rate_limit_error",
            503 => "overloaded_error",
            500.. => "api_error",
            _ => "invalid_request_error",
        }
    }

    /// The body of it.
    pub(super) fn to_json(&self, envelope: Envelope) -> Value {
        match envelope {
            Envelope::OpenAi => json!({ "error": self.openai() }),
            Envelope::Anthropic => self.anthropic(),
        }
    }

    /// OpenAI's four members, and ours.
    pub(super) fn openai(&self) -> Value {
        let mut error = json!({
            "message": self.message,
            "type": self.kind(),
            "param": self.param,
            "code": self.code,
        });
        if let Value::Object(error) = &mut error {
            error.extend(self.details.clone());
        }
        error
    }

    fn anthropic(&self) -> Value {
        let mut error = json!({
            "type": self.anthropic_kind(),
            "message": self.message,
            "code": self.code,
        });
        if let Value::Object(error) = &mut error {
            error.extend(self.details.clone());
        }
        json!({"type": "error", "error": error})
    }

    pub(super) fn into_response(self, envelope: Envelope) -> Response {
        let mut response = Response::new(Body::from(self.to_json(envelope).to_string()));
        *response.status_mut() = self.status;
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        response.extensions_mut().insert(RefusalCode(self.code));
        response
    }
}

impl PassedOn {
    pub(super) fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}
