//! Changes of alerts, under the conditions their clients set.

use std::sync::Arc;

use axum::response::Response;
use http::StatusCode;
use keypurse_core::alert::AlertId;
use keypurse_core::id::AccountId;
use keypurse_store::{AlertChange, AlertRule, ChangeError, Claim, MAX_ALERTS};

use crate::http::refusal::{FieldFaults, Refusal};
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

/// The answer to a request that makes no sense now, but was made before.
pub(super) async fn or_before(
    state: &State,
    account: AccountId,
    claim: Option<Claim>,
    refusal: Refusal,
) -> Result<Response, Refusal> {
    if claim.is_none() {
        return Err(refusal);
    }
    // Of an alert that nobody has: nothing is done, and what was done before
    // under this key is found.
    let nothing = AlertChange::Delete {
        account,
        id: AlertId::from_raw(-1),
        now: state.now(),
    };
    let before = make(state, nothing, claim, |_| {
        Kept::empty(StatusCode::NO_CONTENT)
    });
    match before.await {
        Err(ChangeError::NoSuchAlert) => Err(refusal),
        before => before.map_err(refuse),
    }
}

/// Why a change was not made, as its client is told.
pub(super) fn refuse(error: ChangeError) -> Refusal {
    match error {
        ChangeError::OtherRequest => Refusal::OtherRequest,
        ChangeError::NoSuchAlert => Refusal::NoSuchAlert,
        ChangeError::TooManyAlerts => {
            let mut faults = FieldFaults::default();
            let reason = format!(
                "An account has no more than {MAX_ALERTS} alerts; change or delete one, or let \
                 one alert watch every token."
            );
            faults.add("name", reason);
            Refusal::Invalid(faults)
        }
        ChangeError::Store(cause) => Refusal::Unavailable(cause),
        ChangeError::NoSuchToken
        | ChangeError::Stale
        | ChangeError::NameTaken
        | ChangeError::Invalid(_)
        | ChangeError::TopUp(_) => Refusal::Bug,
    }
}
