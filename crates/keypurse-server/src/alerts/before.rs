//! What was asked for before under the same key.

use keypurse_core::alert::AlertId;
use keypurse_core::id::AccountId;
use keypurse_store::{Actor, AlertChange, AlertRule, ChangeError, Claim, Made, Once};

use super::refuse;
use crate::http::refusal::Refusal;
use crate::state::State;

/// What was answered to what this claim names, if it was done before.
pub(crate) async fn made_before(
    state: &State,
    account: AccountId,
    claim: Claim,
) -> Result<Option<Vec<u8>>, Refusal> {
    // Of an alert that nobody has: nothing is done, and what was done before
    // under this key is found.
    let nothing = AlertChange::Delete {
        account,
        id: AlertId::from_raw(-1),
        now: state.now(),
    };
    let render = Box::new(|_: &AlertRule| Vec::new());
    let once = Some(Once { claim, render });
    match state.store.change_alert(nothing, Actor::SYSTEM, once).await {
        Ok(Made::Before(answer)) => Ok(Some(answer)),
        Ok(Made::Now(_)) | Err(ChangeError::NoSuchAlert) => Ok(None),
        Err(error) => Err(refuse(error)),
    }
}
