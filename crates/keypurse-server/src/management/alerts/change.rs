//! Changes of alerts, under the conditions their clients set.

use std::sync::Arc;

use axum::response::Response;
use keypurse_store::{AlertChange, AlertRule, ChangeError, Claim};

use crate::management::conditions::{Answer, Outcome, once};
use crate::management::kept::{Kept, Told};
use crate::state::State;

/// Makes a change, unless it was made before, and answers.
pub(super) async fn make(
    state: &State,
    change: AlertChange,
    claim: Option<Claim>,
    answer: impl Fn(&AlertRule) -> Kept + Send + Sync + 'static,
) -> Result<Response, ChangeError> {
    let answer: Answer<AlertRule> = Arc::new(answer);
    let made = state.store.change_alert(change, once(claim, &answer));
    Ok(match Outcome::of(made.await?, &answer)? {
        Outcome::First(kept, _) => kept.respond(None, Told::First),
        Outcome::Again(kept) => kept.respond(None, Told::Again),
    })
}
