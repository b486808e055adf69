//! Answers that a repeated request gets again.
//!
//! Invariant: what is kept holds no secret. An answer that shows one says
//! which by its digest, and a repetition unseals it, if it is still current.

use axum::response::{IntoResponse, Response};
use http::header::ETAG;
use http::{HeaderValue, StatusCode};
use keypurse_core::id::TokenId;
use keypurse_core::secret::TokenSecret;
use keypurse_store::{Digest, Store, StoreError, Token};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::http::answer;
use crate::http::idempotency::mark_replayed;

/// An answer, complete but for its secret.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Kept {
    status: u16,
    etag: Option<String>,
    /// Absent: the answer has no body.
    body: Option<Box<RawValue>>,
    /// The secret that the body is to show.
    secret: Option<Issued>,
}

/// A secret, told by what it is found by.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
struct Issued {
    token: i64,
    digest: Digest,
}

/// Whether an answer is given for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    First,
    Again,
}

impl Kept {
    pub(super) fn empty(status: StatusCode) -> Self {
        Self {
            status: status.as_u16(),
            etag: None,
            body: None,
            secret: None,
        }
    }

    pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Self {
        let body = serde_json::value::to_raw_value(body).expect("an answer is plain data");
        Self {
            body: Some(body),
            ..Self::empty(status)
        }
    }

    /// The same, with the tag of what it shows.
    pub(super) fn tagged(self, etag: String) -> Self {
        Self {
            etag: Some(etag),
            ..self
        }
    }

    /// The same; its last member `token` shows this token's current secret.
    pub(super) fn showing_secret_of(self, token: &Token) -> Self {
        let (token, digest) = (token.id.0, token.digest);
        Self {
            secret: Some(Issued { token, digest }),
            ..self
        }
    }

    pub(super) fn shows_secret(&self) -> bool {
        self.secret.is_some()
    }

    /// The token whose secret the answer showed, and that secret's
    /// digest under the pepper of then.
    pub(super) async fn issued_by(
        &self,
        store: &dyn Store,
    ) -> Result<Option<(Token, Digest)>, StoreError> {
        let Some(Issued { token, digest }) = self.secret else {
            return Ok(None);
        };
        let token = store.token_by_id(TokenId(token)).await?;
        Ok(token.map(|token| (token, digest)))
    }

    /// As it is stored.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("an answer is plain data")
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        serde_json::from_slice(bytes)
            .map_err(|_| StoreError::Corrupt("a kept answer is not readable".to_owned()))
    }

    /// The answer; `secret` only if it shows one, `None`: it cannot be shown.
    pub(super) fn respond(self, secret: Option<&TokenSecret>, told: Told) -> Response {
        let status = StatusCode::from_u16(self.status).expect("kept as it was given");
        let mut response = match self.body {
            None => status.into_response(),
            Some(body) if self.secret.is_some() => answer::json(status, &shown(&body, secret)),
            Some(body) => answer::json(status, &body),
        };
        let headers = response.headers_mut();
        if let Some(etag) = self.etag {
            let etag = HeaderValue::try_from(etag).expect("a tag is hexadecimal");
            headers.insert(ETAG, etag);
        }
        if told == Told::Again {
            mark_replayed(headers);
        }
        response
    }
}

/// The body with the secret as its last member.
fn shown(body: &RawValue, secret: Option<&TokenSecret>) -> Box<RawValue> {
    let members = body.get().strip_suffix('}').expect("a token is an object");
    let secret = serde_json::to_string(&secret.map(TokenSecret::expose));
    let secret = secret.expect("a text is JSON");
    let whole = format!("{members},\"token\":{secret}}}");
    RawValue::from_string(whole).expect("an object with one member more")
}
