//! Small JSON bodies, checked before they are read.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use http_body::Body as _;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::http::json::{JsonError, JsonObject};
use crate::http::pace::TooSlow;
use crate::http::refusal::Refusal;

/// Longest body of a management request.
pub const MAX_BYTES: usize = 64 * 1024;

/// A body that is stated to be JSON, or none at all.
#[derive(Debug)]
pub struct JsonBody {
    bytes: Bytes,
}

impl JsonBody {
    /// As it came.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The object in it.
    pub fn object(&self) -> Result<JsonObject<'_>, JsonError> {
        JsonObject::read(&self.bytes)
    }

    /// The object in it, where a request without a body asks for nothing
    /// special.
    pub fn object_or_empty(&self) -> Result<JsonObject<'_>, JsonError> {
        if self.bytes.is_empty() {
            return JsonObject::read(b"{}");
        }
        self.object()
    }
}

impl<S: Sync> FromRequest<S> for JsonBody {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let (parts, mut body) = request.into_parts();
        let none = Self {
            bytes: Bytes::new(),
        };
        if body.is_end_stream() {
            return Ok(none);
        }
        if let Err(refusal) = check_headers(&parts.headers) {
            return if is_empty(&mut body).await {
                Ok(none)
            } else {
                Err(refusal)
            };
        }
        let bytes = read(body).await?;
        Ok(Self { bytes })
    }
}

/// Whether a body of unannounced length turns out to have none.
async fn is_empty(body: &mut Body) -> bool {
    match body.frame().await {
        None => true,
        Some(Ok(frame)) => frame.data_ref().is_some_and(Bytes::is_empty) && body.is_end_stream(),
        Some(Err(_)) => false,
    }
}

fn check_headers(headers: &HeaderMap) -> Result<(), Refusal> {
    let is_identity = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if !headers.get_all(CONTENT_ENCODING).iter().all(is_identity) {
        let reason = "The body must not be compressed; send it without Content-Encoding.";
        return Err(Refusal::NotStatedAsJson { reason });
    }
    let stated = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    if !stated.is_some_and(is_json) {
        let reason = "The body must be JSON; send Content-Type: application/json.";
        return Err(Refusal::NotStatedAsJson { reason });
    }
    Ok(())
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    match essence.split_once('/') {
        Some(("application", subtype)) => subtype == "json" || subtype.ends_with("+json"),
        Some(_) | None => false,
    }
}

async fn read(body: Body) -> Result<Bytes, Refusal> {
    let too_large = Refusal::TooLarge {
        limit_bytes: MAX_BYTES,
    };
    if body.size_hint().lower() > MAX_BYTES as u64 {
        return Err(too_large);
    }
    match Limited::new(body, MAX_BYTES).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large),
        Err(error) if TooSlow::is_cause_of(&*error) => Err(Refusal::TooSlow),
        Err(_) => Err(Refusal::NotAnObject(JsonError {
            reason: "the body ended before it was complete".to_owned(),
        })),
    }
}

#[cfg(test)]
mod tests {
    use super::{JsonBody, is_json};
    use axum::body::Body;
    use axum::extract::{FromRequest, Request};
    use bytes::Bytes;
    use std::convert::Infallible;

    #[tokio::test]
    async fn an_empty_body_of_unannounced_length_needs_no_content_type() {
        for (pieces, is_taken) in [(vec![], true), (vec!["{}"], false)] {
            let pieces = pieces
                .into_iter()
                .map(|piece| Ok::<_, Infallible>(Bytes::from(piece)));
            let body = Body::from_stream(futures_util::stream::iter(pieces));
            let taken = JsonBody::from_request(Request::new(body), &()).await;
            assert_eq!(taken.is_ok(), is_taken, "{taken:?}");
        }
    }

    #[test]
    fn json_is_recognised_by_its_media_type() {
        for json in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json ;x=y",
            "application/merge-patch+json",
        ] {
            assert!(is_json(json), "{json}");
        }
        for other in [
            "",
            "json",
            "text/json",
            "text/plain; application/json",
            "application/jsonl",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
        ] {
            assert!(!is_json(other), "{other}");
        }
    }
}
