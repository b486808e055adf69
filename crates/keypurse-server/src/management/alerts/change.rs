//! Changes of alerts, under the conditions their clients set.

use std::sync::Arc;

use axum::response::Response;
use keypurse_core::id::AccountId;
use keypurse_store::{Actor, AlertChange, AlertRule, ChangeError, Claim};

use crate::alerts::made_before;
use crate::http::refusal::Refusal;
use crate::management::conditions::{Answer, Outcome, once};
use crate::management::kept::{Kept, Told};
use crate::state::State;

/// Makes a change, unless it was made before, and answers.
pub(super) async fn make(
    state: &State,
    change: AlertChange,
    (actor, claim): (Actor, Option<Claim>),
    answer: impl Fn(&AlertRule) -> Kept + Send + Sync + 'static,
) -> Result<Response, ChangeError> {
    let answer: Answer<AlertRule> = Arc::new(answer);
    let made = state
        .store
        .change_alert(change, actor, once(claim, &answer));
    Ok(match Outcome::of(made.await?, &answer)? {
        Outcome::First(kept, _) => kept.respond(None, Told::First),
        Outcome::Again(kept) => kept.respond(None, Told::Again),
    })
}

/// The answer to a request that makes no sense now, but was made before.
pub(super) async fn or_before(
    state: &State,
    account: AccountId,
    claim: Option<Claim>,
    refusal: Refusal,
) -> Result<Response, Refusal> {
    let Some(claim) = claim else {
        return Err(refusal);
    };
    match made_before(state, account, claim).await? {
        Some(answer) => Ok(Kept::from_bytes(&answer)?.respond(None, Told::Again)),
        None => Err(refusal),
    }
}
