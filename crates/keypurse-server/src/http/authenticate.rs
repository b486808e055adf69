//! Who calls: from a secret in a header to a [`Caller`].

use std::sync::Arc;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;
use keypurse_core::id::AccountId;
use keypurse_core::secret;
use keypurse_core::time::Timestamp;
use keypurse_store::{Credential, StoreError, TokenCredential};
use thiserror::Error;

use crate::http::peer::PeerAddr;
use crate::http::recognise::recognise;
use crate::http::throttle::TooManyFailures;
use crate::state::State;

/// The header of Anthropic's SDKs.
const X_API_KEY: &str = "x-api-key";

/// Proof that a request carries a live credential.
#[derive(Clone, Debug)]
pub struct Caller {
    credential: Arc<Credential>,
}

/// Why a request has no caller, in order of precedence.
#[derive(Debug, Error)]
pub enum AuthError {
    /// No credential was presented.
    #[error("no API key was provided")]
    Missing,
    /// More than one, or not of the form `Bearer <secret>`.
    #[error("the Authorization header is malformed")]
    Malformed,
    /// Mistyped or never issued.
    #[error("the API key is not valid")]
    Unknown,
    /// Deleted or rotated out: the same answer, but no guess.
    #[error("the API key is no longer valid")]
    Retired,
    /// The token is past its validity.
    #[error("the API key has expired")]
    Expired,
    /// A viewer key, which may look only, where more is asked for.
    #[error("the API key may only look")]
    ViewerKey,
    /// The token has an expiry, and nobody knows what time it is.
    #[error("the clock is behind what it was")]
    ClockBehind,
    /// The store could not say.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AuthError {
    /// Whether the credential was guessed: a missing one guesses nothing, and
    /// what was valid once is no guess.
    fn is_guess(&self) -> bool {
        match self {
            Self::Malformed | Self::Unknown => true,
            Self::Missing
            | Self::Retired
            | Self::Expired
            | Self::ViewerKey
            | Self::ClockBehind
            | Self::Store(_) => false,
        }
    }
}

/// Counts a failed authentication against the address it came from, or says
/// that there were too many.
pub fn count_failure(
    state: &State,
    request: &Parts,
    failure: &AuthError,
    now: Timestamp,
) -> Result<(), TooManyFailures> {
    if !failure.is_guess() {
        return Ok(());
    }
    state
        .failed_sign_ins
        .count(PeerAddr::of(request).0.ip(), now)
}

/// Where a secret may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schemes {
    /// `Authorization: Bearer` alone.
    Bearer,
    /// `x-api-key` too, as Anthropic's SDKs send it.
    BearerOrApiKey,
}

impl Caller {
    /// Whose credits the caller draws on.
    pub fn account(&self) -> AccountId {
        match &*self.credential {
            Credential::Account(account) | Credential::Viewer(account) => *account,
            Credential::Token(token) => token.account,
        }
    }

    /// The custom token, unless one of the account's own keys calls.
    pub fn token(&self) -> Option<&TokenCredential> {
        match &*self.credential {
            Credential::Account(_) | Credential::Viewer(_) => None,
            Credential::Token(token) => Some(token),
        }
    }

    /// Whether a viewer key calls. Only [`authenticate_reader`] lets one in.
    pub fn is_viewer(&self) -> bool {
        matches!(*self.credential, Credential::Viewer(_))
    }
}

/// The secret a request presents, not yet checked.
pub fn presented(headers: &HeaderMap, schemes: Schemes) -> Result<&str, AuthError> {
    let mut bearer = headers.get_all(AUTHORIZATION).iter();
    let mut api_key = headers.get_all(X_API_KEY).iter();
    let (value, is_bearer) = match (bearer.next(), api_key.next(), schemes) {
        (Some(value), _, Schemes::Bearer) | (Some(value), None, Schemes::BearerOrApiKey) => {
            (value, true)
        }
        (None, Some(value), Schemes::BearerOrApiKey) => (value, false),
        (None, _, Schemes::Bearer) | (None, None, Schemes::BearerOrApiKey) => {
            return Err(AuthError::Missing);
        }
        (Some(_), Some(_), Schemes::BearerOrApiKey) => return Err(AuthError::Malformed),
    };
    let is_ambiguous = bearer.next().is_some() || (!is_bearer && api_key.next().is_some());
    let text = value.to_str().map_err(|_| AuthError::Malformed)?;
    if is_ambiguous {
        return Err(AuthError::Malformed);
    }
    if is_bearer {
        bearer_secret(text).ok_or(AuthError::Malformed)
    } else {
        Ok(text)
    }
}

fn bearer_secret(value: &str) -> Option<&str> {
    let (scheme, secret) = value.split_once(' ')?;
    let secret = secret.trim_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer") && !secret.is_empty()).then_some(secret)
}

/// Finds out who calls, to whom a viewer key is nobody: it may neither manage
/// nor call models.
pub async fn authenticate(
    state: &State,
    headers: &HeaderMap,
    schemes: Schemes,
    now: Timestamp,
) -> Result<Caller, AuthError> {
    let caller = authenticate_reader(state, headers, schemes, now).await?;
    if caller.is_viewer() {
        return Err(AuthError::ViewerKey);
    }
    Ok(caller)
}

/// Finds out who calls, where looking is all that can be done: see
/// [`Caller::is_viewer`].
pub async fn authenticate_reader(
    state: &State,
    headers: &HeaderMap,
    schemes: Schemes,
    now: Timestamp,
) -> Result<Caller, AuthError> {
    identify(state, presented(headers, schemes)?, now).await
}

/// Whose secret this is. Junk never reaches the store.
pub async fn identify(state: &State, secret: &str, now: Timestamp) -> Result<Caller, AuthError> {
    if !secret::is_plausible(secret) {
        return Err(AuthError::Unknown);
    }
    let credential = recognise(state, secret).await?;
    if let Credential::Token(token) = &*credential {
        let expires = token.valid_until.is_some() || token.settings.expires_at.is_some();
        if expires && state.clock.is_behind() {
            return Err(AuthError::ClockBehind);
        }
        if token.valid_until.is_some_and(|until| until <= now) {
            return Err(AuthError::Retired);
        }
        if token.settings.is_expired(now) {
            return Err(AuthError::Expired);
        }
    }
    Ok(Caller { credential })
}

#[cfg(test)]
mod tests {
    use super::{AuthError, Schemes, presented};
    use http::{HeaderMap, HeaderName, HeaderValue};

    fn check(schemes: Schemes, headers: &[(&'static str, &'static str)], expected: &str) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        let found = match presented(&map, schemes) {
            Ok(secret) => secret.to_owned(),
            Err(AuthError::Missing) => "missing".to_owned(),
            Err(AuthError::Malformed) => "malformed".to_owned(),
            Err(other) => panic!("{other}"),
        };
        assert_eq!(found, expected, "{headers:?}");
    }

    #[test]
    fn a_secret_is_presented_once_and_in_a_known_form() {
        use Schemes::{Bearer, BearerOrApiKey};
        check(Bearer, &[("authorization", "Bearer s")], "s");
        check(Bearer, &[("authorization", "bearer  s ")], "s");
        check(Bearer, &[], "missing");
        check(Bearer, &[("x-api-key", "s")], "missing");
        check(Bearer, &[("authorization", "s")], "malformed");
        check(Bearer, &[("authorization", "Basic s")], "malformed");
        check(Bearer, &[("authorization", "Bearer ")], "malformed");
        check(
            Bearer,
            &[("authorization", "Bearer a"), ("authorization", "Bearer a")],
            "malformed",
        );
        check(BearerOrApiKey, &[("x-api-key", "s")], "s");
        check(
            BearerOrApiKey,
            &[("x-api-key", "a"), ("authorization", "Bearer a")],
            "malformed",
        );
    }
}
