//! Changes of tokens, under the conditions their clients set.

use std::sync::Arc;

use axum::response::Response;
use keypurse_core::secret::TokenSecret;
use keypurse_store::{Actor, Claim, Condition, Guard, Token, TokenChange};

use super::etag::IfMatch;
use crate::http::refusal::Refusal;
use crate::management::caller::Manager;
use crate::management::conditions::{Answer, Conditions, Outcome, bad_header, once};
use crate::management::kept::{Kept, Told};
use crate::state::State;
use crate::tokens::{refuse, revealed, revealed_if};

const BAD_IF_MATCH: &str = "Send `*`, or entity tags as they came, in double quotes.";

/// A request that changes a token, apart from the change.
#[derive(Debug)]
pub(super) struct Request {
    actor: Actor,
    claim: Option<Claim>,
    if_match: Option<IfMatch>,
}

impl Request {
    /// A new token has no state that could have been seen.
    pub(super) fn new_token(
        conditions: &Conditions,
        manager: &Manager,
        body: &[u8],
    ) -> Result<Self, Refusal> {
        Ok(Self {
            actor: manager.actor,
            claim: conditions.claim(manager.account, body)?,
            if_match: None,
        })
    }

    pub(super) fn read(
        conditions: &Conditions,
        manager: &Manager,
        body: &[u8],
    ) -> Result<Self, Refusal> {
        let if_match =
            IfMatch::read(&conditions.headers).map_err(|_| bad_header("If-Match", BAD_IF_MATCH))?;
        Ok(Self {
            actor: manager.actor,
            claim: conditions.claim(manager.account, body)?,
            if_match,
        })
    }

    /// Makes the change, unless it was made before.
    pub(super) async fn make(
        self,
        state: &State,
        change: TokenChange,
        answer: impl Fn(&Token) -> Kept + Send + Sync + 'static,
    ) -> Result<Outcome<Token>, Refusal> {
        let answer: Answer<Token> = Arc::new(answer);
        let guard = Guard {
            actor: self.actor,
            once: once(self.claim, &answer),
            condition: self
                .if_match
                .map(|seen| -> Condition { Box::new(move |token| seen.holds_for(token)) }),
        };
        let made = state.store.change_token(change, guard).await;
        Ok(Outcome::of(made.map_err(refuse)?, &answer)?)
    }
}

/// The answer to a change. `fresh` is the secret it gave the token, if it gave
/// one; any other is shown as GET shows it, while it is the current one.
pub(super) async fn respond(
    state: &State,
    outcome: Outcome<Token>,
    fresh: Option<TokenSecret>,
) -> Result<Response, Refusal> {
    let (kept, told, secret) = match outcome {
        Outcome::First(kept, token) => {
            let shown = || revealed(state, &token).filter(|_| kept.shows_secret());
            let secret = fresh.or_else(shown);
            (kept, Told::First, secret)
        }
        Outcome::Again(kept) => {
            let issued = kept.issued_by(&*state.store).await?;
            let secret = issued.and_then(|(token, digest)| revealed_if(state, &token, &digest));
            (kept, Told::Again, secret)
        }
    };
    Ok(kept.respond(secret.as_ref(), told))
}
