//! Who may do what here.

use axum::extract::FromRequestParts;
use http::request::Parts;
use keypurse_core::id::AccountId;
use keypurse_core::secret::TokenSecret;
use keypurse_store::StoreError;

use crate::http::authenticate::{
    AuthError, Caller, Schemes, authenticate, authenticate_reader, count_failure, presented,
};
use crate::http::refusal::Refusal;
use crate::state::AppState;

/// Never issued, deleted and rotated out are deliberately one answer.
pub(super) const UNKNOWN: &str = "This API key is not valid; check it, or create a new one.";

const NO_ACCESS: &str = "You do not have permission to access this resource";

/// Proof that the caller may manage the tokens of this account.
#[derive(Debug)]
pub(super) struct Manager {
    pub(super) account: AccountId,
}

/// Proof that the caller may see and change what this account has.
#[derive(Debug)]
pub(super) struct Holder {
    pub(super) account: AccountId,
}

/// Proof that the request carries a live credential, and which.
#[derive(Debug)]
pub(super) struct SignedIn {
    pub(super) caller: Caller,
    pub(super) secret: TokenSecret,
}

/// Proof that the request carries a live credential that may look at least: a
/// viewer key may, too.
#[derive(Debug)]
pub(super) struct Onlooker {
    pub(super) caller: Caller,
}

impl Onlooker {
    /// The account, if all of it may be looked at.
    pub(super) fn of_account(&self) -> Result<AccountId, Refusal> {
        match self.caller.token() {
            None => Ok(self.caller.account()),
            Some(_) => Err(Refusal::Forbidden { reason: NO_ACCESS }),
        }
    }
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
        })
    }
}

impl FromRequestParts<AppState> for Holder {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refusal> {
        let SignedIn { caller, .. } = SignedIn::from_request_parts(parts, state).await?;
        if caller.token().is_some() {
            return Err(Refusal::Forbidden { reason: NO_ACCESS });
        }
        Ok(Self {
            account: caller.account(),
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

impl FromRequestParts<AppState> for Onlooker {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refusal> {
        let now = state.now();
        match authenticate_reader(state, &parts.headers, Schemes::Bearer, now).await {
            Ok(caller) => Ok(Self { caller }),
            Err(error) => Err(refuse(error, parts, state)),
        }
    }
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
        AuthError::ViewerKey => {
            let reason = "A viewer key may only look; use the account key.";
            return Refusal::Forbidden { reason };
        }
        AuthError::Expired => "This API key has expired; extend its validity, or create a new one.",
        AuthError::ClockBehind => {
            let cause = StoreError::Unavailable(error.to_string());
            return Refusal::Unavailable(cause);
        }
        AuthError::Store(cause) => return Refusal::Unavailable(cause),
    };
    Refusal::Unauthenticated { reason }
}
