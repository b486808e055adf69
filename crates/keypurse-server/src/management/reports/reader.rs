//! Who may read which reports.

use axum::extract::FromRequestParts;
use http::request::Parts;
use keypurse_core::id::AccountId;
use keypurse_store::TokenCredential;

use crate::http::refusal::Refusal;
use crate::management::caller::Onlooker;
use crate::state::AppState;

const FORBIDDEN: &str = "You do not have permission to access this resource";

/// Proof that the caller may read reports of this account, and how much of
/// them.
#[derive(Debug)]
pub(in crate::management) struct Reader {
    /// Whose.
    pub(super) account: AccountId,
    /// How much.
    pub(super) sight: Sight,
}

/// How much of an account a reader sees.
#[derive(Debug)]
pub(super) enum Sight {
    /// Everything.
    All,
    /// What one token did.
    Own(Box<TokenCredential>),
}

impl Reader {
    /// Refuses a token that asks for another, whether that exists or not.
    pub(super) fn may_see(&self, token: &str) -> Result<(), Refusal> {
        match &self.sight {
            Sight::Own(own) if own.settings.name.as_str() != token => Err(forbidden()),
            Sight::All | Sight::Own(_) => Ok(()),
        }
    }

    /// Refuses whoever does not see everything.
    pub(super) fn must_see_all(&self) -> Result<(), Refusal> {
        match &self.sight {
            Sight::All => Ok(()),
            Sight::Own(_) => Err(forbidden()),
        }
    }
}

fn forbidden() -> Refusal {
    Refusal::Forbidden { reason: FORBIDDEN }
}

impl FromRequestParts<AppState> for Reader {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refusal> {
        let Onlooker { caller } = Onlooker::from_request_parts(parts, state).await?;
        let sight = match caller.token() {
            None => Sight::All,
            Some(token) => Sight::Own(Box::new(token.clone())),
        };
        Ok(Self {
            account: caller.account(),
            sight,
        })
    }
}
