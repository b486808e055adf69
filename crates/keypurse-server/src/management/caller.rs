//! Who may do what here.

use axum::extract::FromRequestParts;
use http::request::Parts;
use keypurse_core::id::AccountId;
use keypurse_core::secret::TokenSecret;
use keypurse_store::{Actor, StoreError, Who};

use crate::http::authenticate::{
    AuthError, Caller, Schemes, authenticate, count_failure, presented,
};
use crate::http::peer::PeerAddr;
use crate::http::refusal::Refusal;
use crate::state::AppState;

/// Never issued, deleted and rotated out are deliberately one answer.
pub(super) const UNKNOWN: &str = "This API key is not valid; check it, or create a new one.";

/// Proof that the caller may manage the tokens of this account.
#[derive(Debug)]
pub(super) struct Manager {
    pub(super) account: AccountId,
    /// Who makes what is changed now.
    pub(super) actor: Actor,
}

/// Proof that the caller may see and change what this account has.
#[derive(Debug)]
pub(super) struct Holder {
    pub(super) account: AccountId,
    /// Who makes what is changed now.
    pub(super) actor: Actor,
}

/// Proof that the request carries a live credential, and which.
#[derive(Debug)]
pub(super) struct SignedIn {
    pub(super) caller: Caller,
    pub(super) secret: TokenSecret,
}

impl FromRequestParts<AppState> for Manager {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refusal> {
        let SignedIn { caller, .. } = SignedIn::from_request_parts(parts, state).await?;
        if caller.token().is_some() {
            let reason = "You do not have permission to manage tokens";
            return Err(Refusal::Forbidden { reason });
        }
        Ok(Self {
            account: caller.account(),
            actor: actor(parts),
        })
    }
}

impl FromRequestParts<AppState> for Holder {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refusal> {
        let SignedIn { caller, .. } = SignedIn::from_request_parts(parts, state).await?;
        if caller.token().is_some() {
            let reason = "You do not have permission to access this resource";
            return Err(Refusal::Forbidden { reason });
        }
        Ok(Self {
            account: caller.account(),
            actor: actor(parts),
        })
    }
}

impl FromRequestParts<AppState> for SignedIn {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refusal> {
        match sign_in(parts, state).await {
            Ok(signed_in) => Ok(signed_in),
            Err(error) => Err(refuse(error, parts, state)),
        }
    }
}

/// Whoever has an account's key, at the request's address.
fn actor(parts: &Parts) -> Actor {
    Actor::at(Who::AccountKey, PeerAddr::of(parts).0.ip())
}

async fn sign_in(parts: &Parts, state: &AppState) -> Result<SignedIn, AuthError> {
    let caller = authenticate(state, &parts.headers, Schemes::Bearer, state.now()).await?;
    let secret = presented(&parts.headers, Schemes::Bearer)?;
    Ok(SignedIn {
        caller,
        secret: TokenSecret::from_text(secret.to_owned()),
    })
}

fn refuse(error: AuthError, parts: &Parts, state: &AppState) -> Refusal {
    if let Err(failures) = count_failure(state, parts, &error, state.now()) {
        return Refusal::TooManyFailures(failures);
    }
    let reason = match error {
        AuthError::Missing => "No API key was provided; send it as `Authorization: Bearer <key>`.",
        AuthError::Malformed => "The Authorization header is malformed; send one `Bearer <key>`.",
        AuthError::Unknown | AuthError::Retired => UNKNOWN,
        AuthError::Expired => "This API key has expired; extend its validity, or create a new one.",
        AuthError::ClockBehind => {
            let cause = StoreError::Unavailable(error.to_string());
            return Refusal::Unavailable(cause);
        }
        AuthError::Store(cause) => return Refusal::Unavailable(cause),
    };
    Refusal::Unauthenticated { reason }
}
