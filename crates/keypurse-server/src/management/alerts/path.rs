//! Which alert a path names.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;
use keypurse_core::alert::AlertId;

use crate::http::refusal::Refusal;

/// `/v2/alerts/{id}`: the id is the fourth piece.
const ID_PIECE: usize = 3;

/// The id in a path. Reading it is the last check of all.
#[derive(Debug)]
pub(in crate::management) struct AlertPath {
    text: String,
}

impl AlertPath {
    /// The id, if any alert can have it.
    pub(super) fn id(&self) -> Result<AlertId, Refusal> {
        AlertId::parse(&self.text).map_err(|_| Refusal::NoSuchAlert)
    }
}

impl<S: Sync> FromRequestParts<S> for AlertPath {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let piece = parts.uri.path().split('/').nth(ID_PIECE);
        Ok(Self {
            text: piece.unwrap_or_default().to_owned(),
        })
    }
}
