//! Asks for money, and counts the input when the money is short.
//!
//! Bytes are a bound that costs nothing, several times above the tokens. Only
//! a call whose money does not cover them is worth a count.

use keypurse_core::ledger::{Admission, HoldError};
use keypurse_store::{HoldFailure, NewHold};

use crate::gateway::call::bound::Bound;
use crate::gateway::call::count::count_input;
use crate::gateway::call::resolve::Route;
use crate::gateway::endpoint::asked::Asked;
use crate::state::State;

/// The money that was set aside, or why none was, and the bound it was asked
/// for.
pub(in crate::gateway) async fn admit(
    state: &State,
    (asked, route): (&Asked, &Route),
    bound: Bound,
    hold: impl Fn(&Bound) -> NewHold,
) -> (Result<Admission, HoldFailure>, Bound) {
    let first = state.store.hold(hold(&bound)).await;
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
        Err(_) => (state.store.hold(hold(&tightened)).await, tightened),
    }
}
