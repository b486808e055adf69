//! Asks for money, and counts the input when the money is short.
//!
//! Bytes are a bound that costs nothing, several times above the tokens. Only
//! a call whose money does not cover them is worth a count.

use keypurse_core::ledger::{Admission, HoldError};
use keypurse_store::{HoldFailure, NewHold, StoreError};

use crate::gateway::call::bound::Bound;
use crate::gateway::call::count::count_input;
use crate::gateway::endpoint::asked::Asked;
use crate::gateway::routing::route::Route;
use crate::state::State;

/// For which attempt of a call money is asked.
#[derive(Clone, Copy, Debug)]
pub(in crate::gateway) enum Asking {
    First,
    /// For another model than the one that failed.
    Anew,
}

impl Asking {
    async fn ask(self, state: &State, new: NewHold) -> Result<Admission, HoldFailure> {
        match self {
            Self::First => state.store.hold(new).await,
            // Without its first hold a call is over: somebody resolved it.
            Self::Anew => state.store.hold_anew(new).await?.ok_or_else(|| {
                StoreError::Unavailable("the call's hold is not open any more".to_owned()).into()
            }),
        }
    }
}

/// The money that was set aside, or why none was, and the bound it was asked
/// for.
pub(in crate::gateway) async fn admit(
    state: &State,
    asking: Asking,
    (asked, route): (&Asked, &Route),
    bound: Bound,
    hold: impl Fn(&Bound) -> NewHold,
) -> (Result<Admission, HoldFailure>, Bound) {
    let first = asking.ask(state, hold(&bound)).await;
    let is_short = match &first {
        Ok(admission) => admission.budget < bound.full,
        Err(HoldFailure::Refused(HoldError::Insufficient(_) | HoldError::OnHold(_))) => true,
        Err(_) => false,
    };
    if !is_short {
        return (first, bound);
    }
    let counted = count_input(asked, route).await;
    let Some(tightened) = counted.and_then(|count| bound.tightened(&count)) else {
        return (first, bound);
    };
    match first {
        // All the money there is was set aside: it buys more output now.
        Ok(admission) => (Ok(admission), tightened),
        Err(_) => (asking.ask(state, hold(&tightened)).await, tightened),
    }
}
