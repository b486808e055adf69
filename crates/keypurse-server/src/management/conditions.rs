//! What a mutating request asks for besides its change: `Idempotency-Key`.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, Method};
use keypurse_core::id::AccountId;
use keypurse_store::{Claim, Made, Once, StoreError};

use super::kept::Kept;
use crate::http::idempotency::{self, Asked};
use crate::http::refusal::{FieldFaults, Refusal};

/// The conditions of a request, not read yet: that comes after the checks of
/// who asks and of the body's form.
#[derive(Debug)]
pub(super) struct Conditions {
    method: Method,
    path: String,
    pub(super) headers: HeaderMap,
}

impl<S: Sync> FromRequestParts<S> for Conditions {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self {
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
            headers: parts.headers.clone(),
        })
    }
}

impl Conditions {
    /// The claim to have this done once, if the request makes one.
    pub(super) fn claim(&self, account: AccountId, body: &[u8]) -> Result<Option<Claim>, Refusal> {
        let key =
            idempotency::key(&self.headers).map_err(|_| bad_header("Idempotency-Key", BAD_KEY))?;
        let asked = Asked {
            method: &self.method,
            path: &self.path,
            body,
        };
        Ok(key.map(|key| idempotency::claim(&account, key, &asked)))
    }
}

const BAD_KEY: &str = "Send one key of 1 to 255 visible ASCII characters.";

/// A header is reported as a field is.
pub(super) fn bad_header(name: &'static str, reason: &'static str) -> Refusal {
    let mut faults = FieldFaults::default();
    faults.add(name, reason);
    Refusal::Invalid(faults)
}

/// Makes the answer from what was changed.
pub(super) type Answer<T> = Arc<dyn Fn(&T) -> Kept + Send + Sync>;

/// What the store is told of a claim.
pub(super) fn once<T: 'static>(claim: Option<Claim>, answer: &Answer<T>) -> Option<Once<T>> {
    let answer = Arc::clone(answer);
    claim.map(|claim| Once {
        claim,
        render: Box::new(move |state| answer(state).to_bytes()),
    })
}

/// The outcome of a change as its client is told.
#[derive(Debug)]
pub(super) enum Outcome<T> {
    /// It was made now.
    First(Kept, T),
    /// It was made before, and nothing was done.
    Again(Kept),
}

impl<T> Outcome<T> {
    pub(super) fn of(made: Made<T>, answer: &Answer<T>) -> Result<Self, StoreError> {
        Ok(match made {
            Made::Now(state) => Self::First(answer(&state), state),
            Made::Before(bytes) => Self::Again(Kept::from_bytes(&bytes)?),
        })
    }
}
